import COpenSSL

/// A certificate that vouches for itself, and its key: for a first start, for development and for tests.
///
/// A client that is given it as its anchor (`curl --cacert`) accepts it for its names; it can sign no other
/// certificate.
package struct SelfSignedCertificate: Sendable {
    /// The certificate, PEM.
    package let certificate: [UInt8]
    /// Its key, PEM (PKCS #8), not encrypted. Whoever writes it to a file gives that the mode 0600.
    package let key: [UInt8]

    /// The days it may be valid. What browsers take is less: 398 for public ones, 825 for one's own.
    package static let daysRange = 1...3650

    /// Clocks of clients that run late by less than this accept it at once.
    private static let leewaySeconds: Int64 = 3600
    private static let secondsPerDay: Int64 = 86_400
    /// Octets of the serial number, which must be hard to guess and at most 20 (RFC 5280 section 4.1.2.2).
    private static let serialByteCount = 16
    /// The most a common name holds (ub-common-name, RFC 5280 appendix A.1).
    private static let commonNameByteCountMax = 64

    /// Makes a key on P-256, whose handshakes are the cheapest of those that every client takes, and a
    /// certificate for it.
    ///
    /// - Parameters:
    ///   - names: host names and IP addresses it is for; at least one.
    ///   - days: how long it is valid, within `daysRange`.
    ///   - nowSeconds: since the UNIX epoch.
    /// - Throws: `TLSError` that names what can't stand in a certificate.
    package static func make(names: [String], days: Int, nowSeconds: Int64) throws(TLSError)
        -> SelfSignedCertificate
    {
        guard let first = names.first else {
            throw TLSError(
                "certificate", "it has no name", advice: "give at least one host name or IP address")
        }
        guard daysRange ~= days else {
            throw TLSError(
                "certificate", "it can't be valid for \(days) days",
                advice: "give \(daysRange.lowerBound) to \(daysRange.upperBound)")
        }
        let key = PrivateKey.makeP256()
        // SAFETY: the certificate is new and owned here until it is written out; all of these write to it,
        // and copy what they are given.
        let x509 = unsafe Owned(X509_new(), freedBy: X509_free)
        let pointer = unsafe x509.pointer
        unsafe X509_set_version(pointer, Int(X509_VERSION_3))
        unsafe setSerial(of: pointer)
        unsafe ASN1_TIME_set(X509_getm_notBefore(pointer), Int(nowSeconds - leewaySeconds))
        unsafe ASN1_TIME_set(X509_getm_notAfter(pointer), Int(nowSeconds + Int64(days) * secondsPerDay))
        unsafe setName(of: pointer, first)
        unsafe X509_set_pubkey(pointer, key.evp.pointer)
        unsafe addExtensions(to: pointer)
        try unsafe SubjectNames.add(names, to: pointer)
        let byteCount = unsafe X509_sign(pointer, key.evp.pointer, EVP_sha256())
        precondition(byteCount > 0, "a key just made can sign")
        return SelfSignedCertificate(
            certificate: unsafe PEM.octets { unsafe PEM_write_bio_X509($0, pointer) }, key: key.pem)
    }

    private static func setSerial(of x509: OpaquePointer) {
        var octets = Random.octets(serialByteCount)
        octets[0] = octets[0] & 0x3F | 0x40  // Positive, and of full length.
        let number = unsafe BN_bin2bn(octets, Int32(octets.count), nil)
        defer { unsafe BN_free(number) }
        unsafe BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509))
    }

    private static func setName(of x509: OpaquePointer, _ first: String) {
        let common = first.utf8.count <= commonNameByteCountMax ? first : "SyncStreamer"
        let name = unsafe X509_get_subject_name(x509)
        unsafe X509_NAME_add_entry_by_txt(
            name, "CN", MBSTRING_UTF8, Array(common.utf8), Int32(common.utf8.count), -1, 0)
        unsafe X509_set_issuer_name(x509, name)
    }

    /// Not an authority: some clients refuse one as a server's certificate, and all take a trusted one as its
    /// own anchor.
    private static func addExtensions(to x509: OpaquePointer) {
        var context = unsafe X509V3_CTX()
        unsafe X509V3_set_ctx(&context, x509, x509, nil, nil, 0)
        let extensions = [
            (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature"),
            (NID_ext_key_usage, "serverAuth"), (NID_subject_key_identifier, "hash"),
        ]
        for (identifier, value) in extensions {
            // SAFETY: the certificate takes a copy of the extension.
            let item = unsafe Owned(
                X509V3_EXT_conf_nid(nil, &context, identifier, value), freedBy: X509_EXTENSION_free)
            unsafe X509_add_ext(x509, item.pointer, -1)
        }
    }
}
