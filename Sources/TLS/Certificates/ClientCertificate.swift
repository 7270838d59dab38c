import COpenSSL

/// Who a client is, by a certificate that was verified: in this session's handshake, or in the one that its
/// ticket is from.
package struct ClientCertificate: Sendable, Equatable {
    /// The distinguished name as RFC 2253 writes it, in UTF-8: `CN=device-1`.
    package let subject: [UInt8]
    /// Seconds since the UNIX epoch; the last second it is valid.
    package let notAfterSeconds: Int64

    /// - Parameters:
    ///   - subject: as RFC 2253 writes it.
    ///   - notAfterSeconds: since the UNIX epoch.
    package init(subject: [UInt8], notAfterSeconds: Int64) {
        self.subject = subject
        self.notAfterSeconds = notAfterSeconds
    }

    /// Reads the first certificate of a PEM file, which is not verified.
    package init(file: String) throws(TLSError) {
        self.init(of: try Certificate.chain(inFile: file)[0])
    }

    init(of certificate: Certificate) {
        // SAFETY: what the getters return belongs to the certificate, which lives until the end of this
        // initialiser.
        let x509 = unsafe certificate.x509.pointer
        unsafe subject = CertificateFacts.text(of: X509_get_subject_name(x509))
        unsafe notAfterSeconds = UTCDate.seconds(of: X509_get0_notAfter(x509))
    }
}
