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
    /// Steps of the handshake's state machine that may still be taken; below zero the input dries up, until
    /// the session ends it.
    var stepsLeft: Int
    /// The alert that was written last.
    private(set) var alertSent: UInt8?

    /// - Parameter input: nil where the call is not to read.
    init(input: UnsafeBufferPointer<UInt8>?, output: UnsafeMutablePointer<Buffer>, stepsLeft: Int) {
        // SAFETY: kept here, followed below; the caller keeps both buffers in place while the exchange lives.
        unsafe self.input = input?.baseAddress
        inputCount = unsafe input?.count ?? 0
        unsafe self.output = output
        self.stepsLeft = stepsLeft
    }

    /// Gives OpenSSL up to `count` octets; 0 means "none for now".
    fileprivate mutating func read(_ target: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        let taken = min(count, inputCount)
        // SAFETY: `input` has `inputCount` octets, and OpenSSL made room for `count`.
        guard taken > 0, stepsLeft >= 0, let start = unsafe input else { return 0 }
        unsafe UnsafeMutableRawPointer(target).copyMemory(from: start, byteCount: taken)
        unsafe input = start + taken
        inputCount -= taken
        return taken
    }

    /// Takes all of OpenSSL's octets: the buffer grows.
    fileprivate func write(_ source: UnsafePointer<CChar>, _ count: Int) {
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
}

/// The BIO (bio(7)) through which OpenSSL reaches the exchange of the call under way.
enum BufferBIO {
    // SAFETY: made once, and not changed afterwards.
    nonisolated(unsafe) private static let method: OpaquePointer = {
        let kind = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
        guard let method = unsafe BIO_meth_new(kind, "buffers") else { fatalError("OpenSSL found no memory") }
        unsafe BIO_meth_set_read_ex(method) { unsafe read($0, $1, $2, $3) }
        unsafe BIO_meth_set_write_ex(method) { unsafe write($0, $1, $2, $3) }
        // Flushing has nothing to do; whatever else OpenSSL asks (kernel TLS, MTU, end of file) is not so.
        unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return unsafe method
    }()

    /// A BIO that points nowhere yet. The caller owns it.
    static func make() -> OpaquePointer {
        guard let bio = unsafe BIO_new(method) else { fatalError("OpenSSL found no memory") }
        unsafe BIO_set_init(bio, 1)
        return unsafe bio
    }

    /// The exchange of the call under way, nil between calls.
    static func exchange(of bio: OpaquePointer?) -> UnsafeMutablePointer<Exchange>? {
        // SAFETY: only TLSSession sets the pointer, to an Exchange, for as long as that lives.
        unsafe BIO_get_data(bio)?.assumingMemoryBound(to: Exchange.self)
    }

    private static func read(
        _ bio: OpaquePointer?, _ target: UnsafeMutablePointer<CChar>?, _ count: Int,
        _ done: UnsafeMutablePointer<Int>?
    ) -> Int32 {
        unsafe shim_BIO_clear_retry_flags(bio)
        guard let exchange = unsafe exchange(of: bio) else { return 0 }
        let taken = unsafe exchange.pointee.read(target!, count)
        unsafe done!.pointee = taken
        if taken > 0 { return 1 }
        unsafe shim_BIO_set_retry_read(bio)
        return 0
    }

    private static func write(
        _ bio: OpaquePointer?, _ source: UnsafePointer<CChar>?, _ count: Int,
        _ done: UnsafeMutablePointer<Int>?
    ) -> Int32 {
        unsafe shim_BIO_clear_retry_flags(bio)
        guard let exchange = unsafe exchange(of: bio) else { return 0 }
        unsafe exchange.pointee.write(source!, count)
        unsafe done!.pointee = count
        return 1
    }
}
