import Bytes
import COpenSSL

/// What a certificate says, for people.
package struct CertificateFacts: Sendable, Equatable {
    /// The distinguished name as RFC 2253 writes it: `CN=localhost`.
    package let subject: String
    package let issuer: String
    /// The host names and IP addresses it is for (subjectAltName, RFC 5280 section 4.2.1.6).
    package let names: [String]
    /// Seconds since the UNIX epoch.
    package let notBeforeSeconds: Int64
    /// Seconds since the UNIX epoch; the last second it is valid.
    package let notAfterSeconds: Int64
    /// SHA-256 of the certificate (its DER form), 64 lower-case hexadecimal digits.
    package let fingerprint: String
    /// `EC P-256`, `RSA 2048`.
    package let keyType: String

    /// Reads the first certificate of a PEM file.
    package init(certificateFile: String) throws(TLSError) {
        self.init(of: try Certificate.chain(inFile: certificateFile)[0])
    }

    /// Reads the first certificate of a PEM text.
    package init(pem: Span<UInt8>) throws(TLSError) {
        self.init(of: try Certificate.chain(pem: pem, "the certificate")[0])
    }

    init(of certificate: Certificate) {
        // SAFETY: what the getters return belongs to the certificate, which lives until the end of this
        // initialiser.
        let x509 = unsafe certificate.x509.pointer
        subject = unsafe String(decoding: Self.text(of: X509_get_subject_name(x509)), as: UTF8.self)
        issuer = unsafe String(decoding: Self.text(of: X509_get_issuer_name(x509)), as: UTF8.self)
        names = unsafe SubjectNames.read(from: x509)
        notBeforeSeconds = unsafe UTCDate.seconds(of: X509_get0_notBefore(x509))
        notAfterSeconds = unsafe UTCDate.seconds(of: X509_get0_notAfter(x509))
        keyType = unsafe Self.keyType(of: X509_get0_pubkey(x509))
        let digest = unsafe [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { memory, count in
            let result = unsafe X509_digest(x509, EVP_sha256(), memory.baseAddress, nil)
            precondition(result == 1, "a certificate that was read has a DER form")
            count = SHA256.byteCount
        }
        fingerprint = Hex.text(digest.span)
    }

    /// A distinguished name as RFC 2253 writes it, in UTF-8. Two names that differ have texts that differ.
    static func text(of name: OpaquePointer?) -> [UInt8] {
        // Control characters and whatever else could disturb a terminal is escaped, UTF-8 is left as it is.
        let flags = shim_XN_FLAG_RFC2253 & ~UInt(ASN1_STRFLGS_ESC_MSB)
        // SAFETY: the name lives until the call returns.
        return unsafe PEM.octets { unsafe X509_NAME_print_ex($0, name, 0, flags) }
    }

    private static func keyType(of key: OpaquePointer?) -> String {
        // SAFETY: the key belongs to the certificate, and the type's name to OpenSSL.
        guard let key = unsafe key, let name = unsafe EVP_PKEY_get0_type_name(key) else { return "unknown" }
        let type = unsafe String(cString: name)
        switch unsafe EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_RSA: return unsafe "\(type) \(EVP_PKEY_get_bits(key))"
        case EVP_PKEY_EC:
            let curve = unsafe EVP_PKEY_get_bits(key)
            return "\(type) P-\(curve)"
        default: return type
        }
    }
}
