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
    /// What encrypts in OpenSSL's stead; OpenSSL's octets are then a record's content.
    private(set) var sealer: RecordSealer?
    /// Of the record whose content OpenSSL writes next; nil for application data.
    fileprivate var recordType: UInt8?

    /// - Parameter input: nil where the call is not to read.
    init(
        input: UnsafeBufferPointer<UInt8>?, output: UnsafeMutablePointer<Buffer>, stepsLeft: Int,
        sealer: RecordSealer?
    ) {
        // SAFETY: kept here, followed below; the caller keeps both buffers in place while the exchange lives.
        unsafe self.input = input?.baseAddress
        inputCount = unsafe input?.count ?? 0
        unsafe self.output = output
        self.stepsLeft = stepsLeft
        self.sealer = sealer
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

    /// Takes all of OpenSSL's octets: the buffer grows. False where they could not be encrypted.
    fileprivate mutating func write(_ source: UnsafePointer<CChar>, _ count: Int) -> Bool {
        // SAFETY: OpenSSL gives `count` octets, read only here; `output` outlives the exchange.
        let isWritten = unsafe source.withMemoryRebound(to: UInt8.self, capacity: count) {
            let octets = unsafe Span(_unsafeStart: $0, count: count)
            if let sealer {
                return unsafe sealer.seal(
                    octets, as: recordType ?? RecordSealer.applicationDataType, into: &output.pointee)
            }
            unsafe output.pointee.append(copying: octets)
            return true
        }
        defer { recordType = nil }
        // With its next record OpenSSL uses new keys. 3.5 hands them over again; 3.0 hands them to nobody,
        // and goes on by itself.
        let isHandshake = recordType == RecordSealer.handshakeType
        if unsafe isHandshake && source.pointee == SSL3_MT_KEY_UPDATE { sealer = nil }
        return isWritten
    }

    /// Takes the keys that OpenSSL offers; false where it has to encrypt by itself.
    fileprivate mutating func take(keys: UnsafeRawPointer) -> Bool {
        unsafe sealer = RecordSealer(keys: keys)
        return sealer != nil
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
        unsafe BIO_meth_set_ctrl(method) { unsafe control($0, $1, $2, $3) }
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
        guard let exchange = unsafe exchange(of: bio), unsafe exchange.pointee.write(source!, count) else {
            return 0
        }
        unsafe done!.pointee = count
        return 1
    }

    private static func control(
        _ bio: OpaquePointer?, _ command: Int32, _ number: Int, _ pointer: UnsafeMutableRawPointer?
    ) -> Int {
        // Flushing has nothing to do.
        if command == BIO_CTRL_FLUSH { return 1 }
        guard let exchange = unsafe exchange(of: bio) else { return 0 }
        switch command {
        case shim_BIO_CTRL_GET_KTLS_SEND: return unsafe exchange.pointee.sealer == nil ? 0 : 1
        // The number says whether they are keys to send with.
        case shim_BIO_CTRL_SET_KTLS where number != 0:
            return unsafe exchange.pointee.take(keys: pointer!) ? 1 : 0
        case shim_BIO_CTRL_SET_KTLS_TX_SEND_CTRL_MSG:
            unsafe exchange.pointee.recordType = UInt8(truncatingIfNeeded: number)
        case shim_BIO_CTRL_CLEAR_KTLS_TX_CTRL_MSG: unsafe exchange.pointee.recordType = nil
        // Whatever else OpenSSL asks (MTU, end of file) is not so.
        default: break
        }
        return 0
    }
}
