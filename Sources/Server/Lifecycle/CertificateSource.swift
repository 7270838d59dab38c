import Bytes
import Logging
import Posix
import TLS

/// Where the certificates come from: the operator's files, or one that the first start made for this machine.
struct CertificateSource {
    /// How long a certificate that the server made for itself is good: as long as Mozilla's guideline for
    /// servers ("intermediate", version 5) allows, which is less than browsers do.
    private static let madeForDays = 365
    /// A made one is replaced at a start this long before its end.
    private static let renewalSeconds: Int64 = 30 * 86_400
    private static let certificateFileName = "cert.pem"
    private static let keyFileName = "key.pem"

    /// The default first.
    private let files: [CertificateFiles]
    private let isMade: Bool
    private let clientAuthorityFile: String?

    init(_ configuration: ServerConfiguration) throws {
        let (certificates, keys) = (configuration.certificateFiles, configuration.keyFiles)
        guard certificates.count == keys.count else {
            throw StartError(
                "there are \(certificates.count) of --cert and \(keys.count) of --key; give one --key for "
                    + "each --cert, in the same order, or neither to have a self-signed certificate made")
        }
        clientAuthorityFile = configuration.clientAuthorityFile
        isMade = certificates.isEmpty
        if isMade {
            let directory = configuration.dataDirectory + "/"
            files = [
                CertificateFiles(
                    certificate: directory + Self.certificateFileName, key: directory + Self.keyFileName)
            ]
        } else {
            files = zip(certificates, keys).map { CertificateFiles(certificate: $0, key: $1) }
        }
    }

    /// Makes a context with the certificates as they are in the files now: with all of them, or none.
    func load(ticketKeys: TicketKeys) throws -> TLSContext {
        let now = Int64(Clock.wallMilliseconds() / 1000)
        if isMade { try makeIfNeeded(files[0], nowSeconds: now) }
        return try TLSContext(
            certificates: files, clientAuthorityFile: clientAuthorityFile, ticketKeys: ticketKeys,
            applicationProtocols: [ApplicationProtocol.http2, ApplicationProtocol.http11], nowSeconds: now)
    }

    /// Tells the operator which certificates clients see, with their fingerprints.
    func announce(_ certificates: [CertificateFacts], logger: Logger) {
        let advice = isMade ? ", self-signed; give --cert and --key for one that clients know" : ""
        for (pair, certificate) in zip(files, certificates) {
            let names = certificate.names.joined(separator: ", ")
            logger.notice(
                "certificate for \(names)\(advice)",
                metadata: ["file": "\(pair.certificate)", "sha256": "\(certificate.fingerprint)"])
        }
    }

    /// What has to be renewed in time.
    func expiryWatch(of context: TLSContext) -> ExpiryWatch {
        let advice = isMade ? "SIGHUP, or a restart, makes a new one" : "renew it, and send SIGHUP"
        let own = zip(files, context.certificates).map { pair, certificate in
            ExpiryWatch.Certificate(
                title: "certificate for \(certificate.names.joined(separator: ", "))",
                file: pair.certificate, notAfterSeconds: certificate.notAfterSeconds, advice: advice)
        }
        let authorities = context.clientAuthorities.map { authority in
            ExpiryWatch.Certificate(
                title: "certificate of the clients' authority \(authority.subject)",
                file: clientAuthorityFile ?? "", notAfterSeconds: authority.notAfterSeconds,
                advice: "clients need certificates from another one in --client-ca by then")
        }
        return ExpiryWatch(own + authorities)
    }

    private func makeIfNeeded(_ pair: CertificateFiles, nowSeconds: Int64) throws {
        do {
            let pem = try WholeFile.read(pair.certificate, byteCountMax: 1 << 20)
            if try CertificateFacts(pem: pem.span).notAfterSeconds - nowSeconds > Self.renewalSeconds {
                return
            }
        } catch let error as SystemError where error.isNotFound {
            // The first start.
        }
        let made = try SelfSignedCertificate.make(
            names: ["localhost", "127.0.0.1", "::1"], days: Self.madeForDays, nowSeconds: nowSeconds)
        // The key first: a crash between the two leaves no certificate, and the next start makes both.
        try WholeFile.replace(pair.key, with: made.key.span)
        try WholeFile.replace(pair.certificate, with: made.certificate.span)
    }
}
