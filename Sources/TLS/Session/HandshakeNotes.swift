import Bytes

/// What is heard of a handshake of TLS 1.3 while OpenSSL makes it, and is needed to go on without OpenSSL.
final class HandshakeNotes {
    /// The secrets that application data's keys come from (RFC 8446 section 7.1): the client's, and ours.
    private var receivingSecret: TrafficSecret?
    private var sendingSecret: TrafficSecret?
    /// Records that OpenSSL has sent under keys of the latter: tickets.
    private(set) var recordsSent: UInt64 = 0

    /// Takes a line of a key log: a label, the client's random octets, a secret, the latter two in
    /// hexadecimal. The handshake's own secrets, and those of TLS 1.2, are passed over.
    func take(line: Span<UInt8>) {
        guard let labelEnd = line.firstIndex(of: UInt8(ascii: " ")),
            let randomEnd = line.firstIndex(of: UInt8(ascii: " "), from: labelEnd + 1)
        else { return }
        let label = line.extracting(0..<labelEnd)
        let digits = line.extracting((randomEnd + 1)..<line.count)
        if label.isEqual(to: "CLIENT_TRAFFIC_SECRET_0") {
            receivingSecret = TrafficSecret(hexadecimal: digits)
        } else if label.isEqual(to: "SERVER_TRAFFIC_SECRET_0") {
            sendingSecret = TrafficSecret(hexadecimal: digits)
        }
    }

    func countRecordSent() {
        if sendingSecret != nil { recordsSent += 1 }
    }

    /// The records that follow a complete handshake; nil where the notes don't suffice for them.
    func takeRecords(_ suite: CipherSuite) -> ProtectedRecords? {
        guard let receiving = receivingSecret.take(), let sending = sendingSecret.take() else { return nil }
        guard receiving.byteCount == suite.hashByteCount, sending.byteCount == suite.hashByteCount else {
            return nil
        }
        return ProtectedRecords(suite, receiving: receiving, sending: sending, recordsSent: recordsSent)
    }
}
