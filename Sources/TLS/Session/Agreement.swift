import COpenSSL

/// What a handshake agreed on.
package struct Agreement {
    /// Whether the version is 1.3 and not 1.2.
    package let isTLS13: Bool
    /// Of the suite in the IANA registry.
    let suiteNumber: UInt16
    /// Whether the client came back with a ticket.
    package let wasResumed: Bool
    /// The protocol agreed on by ALPN; `http/1.1` where the client named none (RFC 7301).
    package let applicationProtocol: String
    /// The host name that the client asked for (SNI, RFC 6066 section 3), as it wrote it; nil where it named
    /// none.
    package let serverName: String?
    /// nil where it gave none. Only where the context has authorities to verify it by is there any.
    package let clientCertificate: ClientCertificate?

    /// Copies out of OpenSSL, once the handshake is complete.
    init(of ssl: OpaquePointer) {
        // SAFETY: all of it belongs to the session, or is OpenSSL's constants, and is copied here.
        isTLS13 = unsafe SSL_version(ssl) == TLS1_3_VERSION
        suiteNumber = unsafe SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl))
        wasResumed = unsafe SSL_session_reused(ssl) == 1
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &name, &count)
        applicationProtocol =
            unsafe name.map {
                unsafe String(decoding: UnsafeBufferPointer(start: $0, count: Int(count)), as: UTF8.self)
            } ?? "http/1.1"
        // OpenSSL has checked that the name holds no NUL.
        serverName = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map {
            unsafe String(cString: $0)
        }
        // A reference of our own, which the certificate takes over.
        clientCertificate = unsafe SSL_get1_peer_certificate(ssl).map { x509 in
            // The handshake has failed where it did not verify; that is kept in tickets, too.
            unsafe precondition(SSL_get_verify_result(ssl) == X509_V_OK, "nobody goes on unverified")
            return ClientCertificate(of: unsafe Certificate(owning: x509))
        }
    }
}
