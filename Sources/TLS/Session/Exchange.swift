import Bytes
import COpenSSL

/// What OpenSSL may read, and where it may write, during one call: the caller's own buffers.
///
/// It lives on the stack of the call, so between calls a session holds no buffer and its BIO points nowhere.
@safe
struct Exchange {
    private var input: UnsafePointer<UInt8>?
    private(set) var inputCount: Int
    private let output: UnsafeMutablePointer<Buffer>
    /// Steps of OpenSSL's state machine that may still be taken; below zero the input dries up, until the
    /// session ends it.
    var stepsLeft: Int
    /// The alert that was written last.
    private(set) var alertSent: UInt8?
    /// Takes down what a session of TLS 1.3 needs once OpenSSL is done.
    private let notes: HandshakeNotes

    /// - Parameter input: nil where the call is not to read.
    init(
        input: UnsafeBufferPointer<UInt8>?, output: UnsafeMutablePointer<Buffer>, stepsLeft: Int,
        notes: HandshakeNotes
    ) {
        // SAFETY: kept here, followed below; the caller keeps both buffers in place while the exchange lives.
        unsafe self.input = input?.baseAddress
        inputCount = unsafe input?.count ?? 0
        unsafe self.output = output
        self.stepsLeft = stepsLeft
        self.notes = notes
    }

    /// Gives OpenSSL up to `count` octets; 0 means "none for now".
    mutating func read(_ target: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        let taken = min(count, inputCount)
        // SAFETY: `input` has `inputCount` octets, and OpenSSL made room for `count`.
        guard taken > 0, stepsLeft >= 0, let start = unsafe input else { return 0 }
        unsafe UnsafeMutableRawPointer(target).copyMemory(from: start, byteCount: taken)
        unsafe input = start + taken
        inputCount -= taken
        return taken
    }

    /// Takes all of OpenSSL's octets: the buffer grows.
    func write(_ source: UnsafePointer<CChar>, _ count: Int) {
        // SAFETY: OpenSSL gives `count` octets, read only here; `output` outlives the exchange.
        unsafe source.withMemoryRebound(to: UInt8.self, capacity: count) {
            unsafe output.pointee.append(copying: Span(_unsafeStart: $0, count: count))
        }
    }

    /// Hears of handshake messages and alerts, not of application data (SSL_CTX_set_info_callback(3)).
    mutating func observe(event: Int32, value: Int32) {
        switch event {
        case SSL_CB_ACCEPT_LOOP: stepsLeft -= 1
        // The level in the upper octet, the description in the lower.
        case SSL_CB_WRITE_ALERT: alertSent = UInt8(truncatingIfNeeded: value)
        default: break
        }
    }

    /// Hears of each secret (SSL_CTX_set_keylog_callback(3)), in the form of the key log files that debuggers
    /// read. It goes into no file.
    func observe(secret line: UnsafePointer<CChar>) {
        let count = unsafe strlen(line)
        // SAFETY: a C string, read only here.
        unsafe line.withMemoryRebound(to: UInt8.self, capacity: count) {
            notes.take(line: unsafe Span(_unsafeStart: $0, count: count))
        }
    }

    /// Hears of each record's header, of which it counts those that go out (SSL_CTX_set_msg_callback(3)).
    func observe(isSent: Bool, contentType: Int32) {
        if isSent && contentType == SSL3_RT_HEADER { notes.countRecordSent() }
    }
}
