import COpenSSL

// What the handshake agreed on. Copied out of OpenSSL at each call: to be asked once a connection.

extension TLSSession {
    /// `TLSv1.2` or `TLSv1.3`, once the handshake is complete.
    package var protocolVersion: String {
        // SAFETY: a constant of OpenSSL's.
        unsafe String(cString: SSL_get_version(ssl.pointer))
    }

    /// Whether the version is 1.3, once the handshake is complete.
    package var isTLS13: Bool { unsafe SSL_version(ssl.pointer) == TLS1_3_VERSION }

    /// The suite's name in the IANA registry, `TLS_AES_128_GCM_SHA256`; nil before the handshake.
    package var cipherSuite: String? {
        // SAFETY: a constant of OpenSSL's, or nil.
        guard
            let name = unsafe SSL_get_current_cipher(ssl.pointer).flatMap({
                unsafe SSL_CIPHER_standard_name($0)
            })
        else { return nil }
        return unsafe String(cString: name)
    }

    /// Whether the client came back with a ticket.
    package var wasResumed: Bool { unsafe SSL_session_reused(ssl.pointer) == 1 }

    /// The client's certificate, once the handshake is complete; nil where it gave none. Only where the
    /// context has authorities to verify it by is there any.
    package var clientCertificate: ClientCertificate? {
        // SAFETY: a reference of our own, which the certificate takes over.
        guard let x509 = unsafe SSL_get1_peer_certificate(ssl.pointer) else { return nil }
        let certificate = unsafe Certificate(owning: x509)
        // The handshake has failed where it did not verify; that is kept in tickets, too.
        precondition(unsafe SSL_get_verify_result(ssl.pointer) == X509_V_OK, "nobody goes on unverified")
        return ClientCertificate(of: certificate)
    }

    /// The protocol agreed on by ALPN; `http/1.1` where the client named none (RFC 7301).
    package var applicationProtocol: String {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl.pointer, &name, &count)
        guard let name = unsafe name else { return "http/1.1" }
        // SAFETY: the session keeps the name's `count` octets; they are copied here.
        return unsafe String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// The host name the client asked for (SNI, RFC 6066 section 3), as it wrote it; nil where it named none.
    package var serverName: String? {
        // SAFETY: the session keeps the name, which OpenSSL has checked to hold no NUL; it is copied here.
        guard let name = unsafe SSL_get_servername(ssl.pointer, TLSEXT_NAMETYPE_host_name) else { return nil }
        return unsafe String(cString: name)
    }
}
