import COpenSSL

/// A server's side of TLS: its certificates, and what it agrees to. Not changed once made, so all loops share
/// it; a reload makes a new one for the sessions to come, while those under way keep theirs.
///
/// No early data (0-RTT): who records it can send it again (RFC 8446 section 8), and a repeated POST is a
/// second item.
@safe
package final class TLSContext: Sendable {
    /// An SSL_CTX for each group of certificates; sessions begin with the first.
    // SAFETY: nothing changes them after init, and their reference counts are atomic (SSL_CTX_new(3)).
    nonisolated(unsafe) private let contexts: [Context]
    private let choice: CertificateChoice
    let ticketKeys: TicketKeys
    /// The names for ALPN in our order, each behind its length (RFC 7301 section 3.1).
    // SAFETY: filled in init and not changed before deinit.
    nonisolated(unsafe) private let protocols: UnsafeMutableBufferPointer<UInt8>
    /// What the server's own certificates say, in the order in which they were given.
    package let certificates: [CertificateFacts]
    /// What the certificates of the authorities say that clients' certificates are from; empty where clients
    /// are not asked for any.
    package let clientAuthorities: [CertificateFacts]

    /// An SSL_CTX in an array, which can't hold a value without copies itself.
    private final class Context {
        let ssl: Owned

        init() {
            // SAFETY: a new context, owned here.
            ssl = unsafe Owned(SSL_CTX_new(TLS_server_method()), freedBy: SSL_CTX_free)
        }
    }

    /// Loads certificates and their keys.
    ///
    /// - Parameters:
    ///   - files: at least one; the first is for clients that name no host, or one that none is for.
    ///   - clientAuthorityFile: PEM; clients are asked for certificates of these authorities. A client need
    ///     not have one; one that does not verify ends its handshake. nil asks for none.
    ///   - ticketKeys: shared with all other contexts of the server.
    ///   - applicationProtocols: names for ALPN, best first; at least one.
    ///   - nowSeconds: since the UNIX epoch, to tell whether the certificates are valid.
    /// - Throws: `TLSError` that names the file at fault.
    package init(
        certificates files: [CertificateFiles], clientAuthorityFile: String? = nil, ticketKeys: TicketKeys,
        applicationProtocols: [String], nowSeconds: Int64
    ) throws(TLSError) {
        precondition(!files.isEmpty, "a server needs a certificate")
        var credentials: [Credentials] = []
        for pair in files { credentials.append(try Credentials(pair, nowSeconds: nowSeconds)) }
        choice = CertificateChoice(
            credentials.map { CertificateChoice.Candidate(names: $0.facts.names, keyKind: $0.keyKind) })
        try Self.checkUse(of: credentials, choice)
        var authorities: ClientAuthorities?
        if let clientAuthorityFile { authorities = try ClientAuthorities(file: clientAuthorityFile) }
        var contexts: [Context] = []
        for group in choice.groups {
            let context = Context()
            try TLSPolicy.apply(to: context.ssl)
            authorities?.install(in: context.ssl)
            for position in group { try credentials[position].install(in: context.ssl) }
            contexts.append(context)
        }
        // SAFETY: no other thread knows of this object yet.
        unsafe self.contexts = contexts
        certificates = credentials.map(\.facts)
        clientAuthorities = authorities?.facts ?? []
        self.ticketKeys = ticketKeys
        unsafe protocols = Self.wireForm(of: applicationProtocols)
        for context in contexts { setCallbacks(of: context.ssl) }
    }

    // SAFETY: no session is left that could ask for a protocol.
    deinit { unsafe protocols.deallocate() }

    private static func checkUse(of credentials: [Credentials], _ choice: CertificateChoice) throws(TLSError)
    {
        guard let position = choice.unused(of: credentials.count).first else { return }
        throw TLSError(
            credentials[position].certificateFile,
            "no client would get this certificate: others with the same kind of key have all of its names",
            advice: "give each certificate names of its own, or a key of another kind (RSA beside EC)")
    }

    private func setCallbacks(of context: borrowing Owned) {
        // SAFETY: sessions keep this object alive for as long as OpenSSL may call back
        // (`TLSSession.context`).
        let ssl = unsafe context.pointer
        unsafe SSL_CTX_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
        unsafe TicketProtection.install(in: ssl)
        unsafe SSL_CTX_set_alpn_select_cb(
            ssl,
            { ssl, name, count, offer, offerCount, _ in
                unsafe TLSContext.of(ssl).choose(name!, count!, from: offer, offerCount)
            }, nil)
        unsafe shim_SSL_CTX_set_tlsext_servername_callback(ssl) { ssl, _, _ in
            unsafe TLSContext.of(ssl).chooseCertificates(for: ssl)
            // To agree to any name records it, also in TLS 1.2's tickets.
            return SSL_TLSEXT_ERR_OK
        }
    }

    /// A new SSL for a session, which the caller owns.
    func makeSSL() -> OpaquePointer? {
        // SAFETY: it has a reference of its own to the context.
        unsafe SSL_new(contexts[0].ssl.pointer)
    }

    /// Gives a session the certificates for the host that its client has named.
    private func chooseCertificates(for ssl: OpaquePointer?) {
        // SAFETY: the session keeps the name, which is copied here, and takes a reference of its own to the
        // context. Where it doesn't get there for want of memory, it keeps the first.
        if unsafe contexts.count == 1 { return }
        guard let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else { return }
        let position = choice.position(for: unsafe String(cString: name))
        _ = unsafe SSL_set_SSL_CTX(ssl, contexts[position].ssl.pointer)
    }

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
