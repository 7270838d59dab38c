import COpenSSL

/// An X.509 certificate.
@safe
final class Certificate {
    let x509: Owned

    init(owning pointer: OpaquePointer) {
        // SAFETY: the caller gives away its one reference, and this function is the one that frees it.
        x509 = unsafe Owned(pointer, freedBy: X509_free)
    }

    /// The certificates of a PEM file, in its order; at least one.
    static func chain(inFile path: String) throws(TLSError) -> [Certificate] {
        let file = try PEM.open(path, holding: "certificate")
        return try chain(from: file, path)
    }

    /// The certificates of a PEM text, in its order; at least one.
    ///
    /// - Parameter subject: what to call the text in an error.
    static func chain(pem: Span<UInt8>, _ subject: String) throws(TLSError) -> [Certificate] {
        try chain(from: PEM.holding(pem), subject)
    }

    private static func chain(from source: borrowing Owned, _ subject: String) throws(TLSError)
        -> [Certificate]
    {
        var chain: [Certificate] = []
        ErrorQueue.clear()
        // SAFETY: each certificate read is a new one, owned here.
        while let x509 = unsafe PEM_read_bio_X509(source.pointer, nil, nil, nil) {
            unsafe chain.append(Certificate(owning: x509))
        }
        // The end of the text reads as "no start line"; anything else is a broken block.
        let isAtEnd = ErrorQueue.isNoStartLine
        let reason = ErrorQueue.take()
        if chain.isEmpty && isAtEnd {
            throw TLSError(
                subject, "holds no certificate in PEM form",
                advice: "give one that begins with -----BEGIN CERTIFICATE----- "
                    + "(openssl x509 -inform der converts)"
            )
        }
        if !isAtEnd {
            throw TLSError(
                subject, "certificate \(chain.count + 1) is broken (\(reason))",
                advice: "copy it whole and again")
        }
        return chain
    }
}
