import Bytes
import COpenSSL

/// Where a certificate and its key are kept.
package struct CertificateFiles: Sendable, Equatable {
    /// PEM; the server's own certificate first, then each one's issuer.
    package let certificate: String
    /// PEM, not encrypted; RSA or EC.
    package let key: String

    /// - Parameters: paths.
    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// A certificate with its issuers and its key, checked against each other.
final class Credentials {
    let certificateFile: String
    private let chain: [Certificate]
    private let key: PrivateKey
    let facts: CertificateFacts

    /// - Throws: `TLSError` that names the file at fault.
    init(_ files: CertificateFiles, nowSeconds: Int64) throws(TLSError) {
        let (certificateFile, keyFile) = (files.certificate, files.key)
        let chain = try Certificate.chain(inFile: certificateFile)
        let key = try PrivateKey(file: keyFile)
        let facts = CertificateFacts(of: chain[0])
        try Self.check(key, keyFile, against: chain, certificateFile)
        try Self.checkOrder(chain, certificateFile)
        try Self.checkValidity(facts, certificateFile, nowSeconds: nowSeconds)
        self.certificateFile = certificateFile
        self.chain = chain
        self.key = key
        self.facts = facts
    }

    private static func check(
        _ key: borrowing PrivateKey, _ keyFile: String, against chain: [Certificate],
        _ certificateFile: String
    ) throws(TLSError) {
        for index in chain.indices where key.belongs(to: chain[index]) {
            if index == 0 { return }
            throw TLSError(
                certificateFile, "the key belongs to certificate \(index + 1) of the file",
                advice: "put the server's own certificate first, then each one's issuer")
        }
        throw TLSError(
            keyFile, "the key does not belong to the certificate in \(certificateFile)",
            advice: "give the two that were made together")
    }

    private static func checkOrder(_ chain: [Certificate], _ certificateFile: String) throws(TLSError) {
        for index in chain.indices.dropFirst() {
            // SAFETY: both certificates are kept alive by the chain.
            let isIssuer =
                unsafe X509_check_issued(chain[index].x509.pointer, chain[index - 1].x509.pointer)
                == X509_V_OK
            if isIssuer { continue }
            throw TLSError(
                certificateFile, "certificate \(index + 1) did not issue certificate \(index)",
                advice: "put the server's own certificate first, then each one's issuer, and nothing else")
        }
    }

    /// Only the server's own: chains in use end in roots that are outdated, which clients pass over.
    private static func checkValidity(
        _ facts: CertificateFacts, _ certificateFile: String, nowSeconds: Int64
    ) throws(TLSError) {
        if nowSeconds > facts.notAfterSeconds {
            throw TLSError(
                certificateFile, "the certificate expired on \(UTCDate.text(facts.notAfterSeconds))",
                advice: "renew it, or check the clock")
        }
        if nowSeconds < facts.notBeforeSeconds {
            throw TLSError(
                certificateFile, "the certificate is valid only from \(UTCDate.text(facts.notBeforeSeconds))",
                advice: "check the clock")
        }
    }

    /// Which of a context's places the certificate takes: there is one for each kind of key.
    var keyKind: Int32 {
        // SAFETY: only asked for its type.
        unsafe EVP_PKEY_get_base_id(key.evp.pointer)
    }

    /// Gives them to a context that no session has seen yet, beside others whose keys are of other kinds.
    func install(in context: borrowing Owned) throws(TLSError) {
        ErrorQueue.clear()
        // SAFETY: the context takes references of its own.
        var isInstalled =
            unsafe SSL_CTX_use_certificate(context.pointer, chain[0].x509.pointer) == 1
            && SSL_CTX_use_PrivateKey(context.pointer, key.evp.pointer) == 1
        for issuer in chain.dropFirst() where isInstalled {
            isInstalled = unsafe shim_SSL_CTX_add1_chain_cert(context.pointer, issuer.x509.pointer) == 1
        }
        if isInstalled { return }
        throw TLSError(
            certificateFile, "the certificate can't be used for TLS (\(ErrorQueue.take()))",
            advice:
                "make one with an EC key (P-256), or an RSA key of at least 2048 bits, signed with SHA-256")
    }
}
