import COpenSSL

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
        // SAFETY: only OpenSSLSession sets the pointer, to an Exchange, for as long as that lives.
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

    private static func control(
        _ bio: OpaquePointer?, _ command: Int32, _ number: Int, _ pointer: UnsafeMutableRawPointer?
    ) -> Int {
        // Flushing has nothing to do. Whatever else OpenSSL asks (MTU, end of file) is not so.
        command == BIO_CTRL_FLUSH ? 1 : 0
    }
}
