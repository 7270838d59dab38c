import Bytes
import COpenSSL

/// The authorities whose clients' certificates are trusted. With them, clients are asked for a certificate:
/// one that has none, or wants to give none, goes on without; one whose certificate does not verify gets the
/// alert for that.
final class ClientAuthorities {
    /// Certificates between an authority's and a client's own. Each costs a signature's check.
    private static let depthMax: Int32 = 4

    private let certificates: [Certificate]
    let facts: [CertificateFacts]

    /// - Parameter path: PEM, one or more certificates of authorities.
    /// - Throws: `TLSError` that names the file.
    init(file path: String) throws(TLSError) {
        certificates = try Certificate.chain(inFile: path)
        for (index, certificate) in certificates.enumerated() {
            // SAFETY: the certificate outlives the call. Those of version 1 can't say what they are for.
            if unsafe X509_check_ca(certificate.x509.pointer) != 0 { continue }
            throw TLSError(
                path, "certificate \(index + 1) is no authority's",
                advice: "give the certificates that clients' own are signed with (CA:TRUE)")
        }
        facts = certificates.map { CertificateFacts(of: $0) }
    }

    /// Sessions of other authorities are not resumed: their tickets hold an identity that these need not
    /// vouch for (SSL_CTX_set_session_id_context(3)).
    private var sessionContext: [UInt8] {
        let hash = SHA256()
        for authority in facts { hash.update(Array(authority.fingerprint.utf8).span) }
        return hash.finish()
    }

    /// Has a context that no session has seen yet ask clients for certificates.
    func install(in context: borrowing Owned) {
        // SAFETY: the store is new and the context takes a reference of its own to it, as both do to the
        // certificates.
        let store = unsafe Owned(X509_STORE_new(), freedBy: X509_STORE_free)
        // An authority below another is trusted by itself: the operator has named it.
        var isInstalled = unsafe X509_STORE_set_flags(store.pointer, UInt(X509_V_FLAG_PARTIAL_CHAIN)) == 1
        for certificate in certificates where isInstalled {
            isInstalled =
                unsafe X509_STORE_add_cert(store.pointer, certificate.x509.pointer) == 1
                && SSL_CTX_add_client_CA(context.pointer, certificate.x509.pointer) == 1
        }
        let identifier = sessionContext
        if isInstalled {
            isInstalled =
                unsafe SSL_CTX_set_session_id_context(context.pointer, identifier, UInt32(identifier.count))
                == 1
        }
        precondition(isInstalled, "this fails only where there is no memory")
        unsafe SSL_CTX_set1_cert_store(context.pointer, store.pointer)
        unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
        unsafe SSL_CTX_set_verify_depth(context.pointer, Self.depthMax)
    }
}
