import COpenSSL

/// What every context agrees to, whatever the system's openssl.cnf says.
enum TLSPolicy {
    /// Forward secrecy and authenticated encryption only. AES-128-GCM first: the cheapest where processors
    /// have AES.
    private static let suites12 = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
    ].joined(separator: ":")
    private static let suites13 = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384"
    private static let groups = "X25519:P-256:P-384"

    /// 112 bits: RSA from 2048 bits, no SHA-1 (SSL_CTX_set_security_level(3)).
    private static let securityLevel: Int32 = 2

    /// One ticket a handshake. Each costs its making and some 250 octets to the first answer; a viewer has
    /// one connection, and one that opens more at once pays one full handshake more.
    private static let ticketCount = 1

    /// Renegotiation lets a client make the server sign at will. Compression gives secrets away (CRIME). A
    /// client that puts ChaCha20 first has no AES in its processor, and gets it.
    private static let options =
        shim_SSL_OP_NO_RENEGOTIATION | shim_SSL_OP_NO_COMPRESSION | shim_SSL_OP_CIPHER_SERVER_PREFERENCE
        | shim_SSL_OP_PRIORITIZE_CHACHA

    /// Record buffers exist only while a record is worked on. A write never waits, so it is never repeated
    /// with other memory, nor partial; were it, the memory may have moved.
    private static let modes = Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)

    /// The same for all contexts: a ticket is good after a reload, too.
    private static let sessionContext = Array("syncstreamer".utf8)

    /// - Throws: `TLSError` where this OpenSSL was built, or set up, without something that the policy names.
    static func apply(to context: borrowing Owned) throws(TLSError) {
        // SAFETY: all of these set fields of a context that no session has seen yet, and copy what they are
        // given.
        let context = unsafe context.pointer
        unsafe SSL_CTX_set_options(context, options)
        unsafe shim_SSL_CTX_set_mode(context, modes)
        unsafe shim_SSL_CTX_set_session_cache_mode(context, Int(SSL_SESS_CACHE_OFF))
        unsafe SSL_CTX_set_timeout(context, TicketKeys.ticketLifetimeSeconds)
        unsafe SSL_CTX_set_security_level(context, securityLevel)
        unsafe SSL_CTX_set_info_callback(context) { ssl, event, value in
            unsafe BufferBIO.exchange(of: SSL_get_rbio(ssl))?.pointee.observe(event: event, value: value)
        }
        unsafe SSL_CTX_set_keylog_callback(context) { ssl, line in
            unsafe BufferBIO.exchange(of: SSL_get_rbio(ssl))?.pointee.observe(secret: line!)
        }
        unsafe SSL_CTX_set_msg_callback(context) { isSent, _, contentType, _, _, ssl, _ in
            unsafe BufferBIO.exchange(of: SSL_get_rbio(ssl))?.pointee
                .observe(isSent: isSent == 1, contentType: contentType)
        }
        ErrorQueue.clear()
        let isSet =
            unsafe shim_SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1
            && shim_SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1
            && SSL_CTX_set_cipher_list(context, suites12) == 1
            && SSL_CTX_set_ciphersuites(context, suites13) == 1
            && shim_SSL_CTX_set1_groups_list(context, groups) == 1
            && SSL_CTX_set_num_tickets(context, ticketCount) == 1
            && SSL_CTX_set_session_id_context(context, sessionContext, UInt32(sessionContext.count)) == 1
        if !isSet {
            throw TLSError(
                "OpenSSL", ErrorQueue.take(),
                advice: "use a build with TLS 1.2 and 1.3, AES-GCM, ChaCha20 and X25519")
        }
    }
}
