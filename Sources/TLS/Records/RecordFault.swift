/// Why an open session of TLS 1.3 has to end.
struct RecordFault: Error {
    let cause: String
    /// What the peer is told; nil where there is nothing to tell, or no way to.
    let alert: Alert?

    init(_ cause: String, _ alert: Alert?) {
        self.cause = cause
        self.alert = alert
    }

    /// OpenSSL's reason, which is a want of memory.
    static func ofOpenSSL() -> RecordFault { RecordFault(ErrorQueue.take(), nil) }
}
