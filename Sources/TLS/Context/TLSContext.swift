import COpenSSL

/// A server's side of TLS: its certificate, and what it agrees to. Not changed once made, so all loops share
/// it; a reload makes a new one for the sessions to come, while those under way keep theirs.
///
/// No early data (0-RTT): who records it can send it again (RFC 8446 section 8), and a repeated POST is a
/// second item.
@safe
package final class TLSContext: Sendable {
    /// The SSL_CTX.
    // SAFETY: nothing changes it after init, and its reference count is atomic (SSL_CTX_new(3)).
    nonisolated(unsafe) let ssl: Owned
    let ticketKeys: TicketKeys
    /// The names for ALPN in our order, each behind its length (RFC 7301 section 3.1).
    // SAFETY: filled in init and not changed before deinit.
    nonisolated(unsafe) private let protocols: UnsafeMutableBufferPointer<UInt8>
    /// What the server's own certificate says.
    package let certificate: CertificateFacts

    /// Loads a certificate and its key.
    ///
    /// - Parameters:
    ///   - certificateFile: PEM; the server's own certificate first, then each one's issuer.
    ///   - keyFile: PEM, not encrypted; RSA or EC.
    ///   - ticketKeys: shared with all other contexts of the server.
    ///   - applicationProtocols: names for ALPN, best first; at least one.
    ///   - nowSeconds: since the UNIX epoch, to tell whether the certificate is valid.
    /// - Throws: `TLSError` that names the file at fault.
    package init(
        certificateFile: String, keyFile: String, ticketKeys: TicketKeys, applicationProtocols: [String],
        nowSeconds: Int64
    ) throws(TLSError) {
        let credentials = try Credentials(
            certificateFile: certificateFile, keyFile: keyFile, nowSeconds: nowSeconds)
        let context = unsafe Owned(SSL_CTX_new(TLS_server_method()), freedBy: SSL_CTX_free)
        try TLSPolicy.apply(to: context)
        try credentials.install(in: context)
        unsafe ssl = context
        certificate = credentials.facts
        self.ticketKeys = ticketKeys
        unsafe protocols = Self.wireForm(of: applicationProtocols)
        // SAFETY: sessions keep this object alive for as long as OpenSSL may call back
        // (`TLSSession.context`).
        unsafe SSL_CTX_set_ex_data(ssl.pointer, 0, Unmanaged.passUnretained(self).toOpaque())
        unsafe TicketProtection.install(in: ssl.pointer)
        unsafe SSL_CTX_set_alpn_select_cb(
            ssl.pointer,
            { ssl, name, count, offer, offerCount, _ in
                unsafe TLSContext.of(ssl).choose(name!, count!, from: offer, offerCount)
            }, nil)
        // To agree to any name records it, also in TLS 1.2's tickets.
        unsafe shim_SSL_CTX_set_tlsext_servername_callback(ssl.pointer) { _, _, _ in SSL_TLSEXT_ERR_OK }
    }

    deinit { unsafe protocols.deallocate() }

    /// The object behind a session, for callbacks.
    static func of(_ ssl: OpaquePointer?) -> TLSContext {
        // SAFETY: init stored it, and the session that calls back keeps it alive.
        unsafe Unmanaged.fromOpaque(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0)!).takeUnretainedValue()
    }

    private static func wireForm(of names: [String]) -> UnsafeMutableBufferPointer<UInt8> {
        precondition(!names.isEmpty && names.allSatisfy { 1...255 ~= $0.utf8.count }, "not names for ALPN")
        let octets = names.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        let memory = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: octets.count)
        _ = unsafe memory.initialize(from: octets)
        return unsafe memory
    }

    /// Takes the first of our protocols that the client offers; an offer of others only ends the handshake
    /// with no_application_protocol (RFC 7301 section 3.2).
    private func choose(
        _ name: UnsafeMutablePointer<UnsafePointer<UInt8>?>, _ count: UnsafeMutablePointer<UInt8>,
        from offer: UnsafePointer<UInt8>?, _ offerCount: UInt32
    ) -> Int32 {
        var chosen: UnsafeMutablePointer<UInt8>?
        // SAFETY: `chosen` points into our own list, which lives longer than the session
        // (SSL_select_next_proto(3)).
        let outcome = unsafe SSL_select_next_proto(
            &chosen, count, protocols.baseAddress, UInt32(protocols.count), offer, offerCount)
        if outcome != OPENSSL_NPN_NEGOTIATED { return SSL_TLSEXT_ERR_ALERT_FATAL }
        unsafe name.pointee = UnsafePointer(chosen)
        return SSL_TLSEXT_ERR_OK
    }
}
