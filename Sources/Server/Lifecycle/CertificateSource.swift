import Bytes
import Logging
import Posix
import TLS

/// Where the certificate comes from: the operator's files, or one that the first start made for this machine.
struct CertificateSource {
    /// How long a certificate that the server made for itself is good. Browsers take no more from anyone.
    private static let madeForDays = 397
    /// A made one is replaced at a start this long before its end.
    private static let renewalSeconds: Int64 = 30 * 86_400
    private static let certificateFileName = "cert.pem"
    private static let keyFileName = "key.pem"

    private let certificateFile: String
    private let keyFile: String
    private let isMade: Bool

    init(_ configuration: ServerConfiguration) throws {
        switch (configuration.certificateFile, configuration.keyFile) {
        case (let certificate?, let key?):
            certificateFile = certificate
            keyFile = key
            isMade = false
        case (nil, nil):
            certificateFile = configuration.dataDirectory + "/" + Self.certificateFileName
            keyFile = configuration.dataDirectory + "/" + Self.keyFileName
            isMade = true
        default:
            throw StartError("give both --cert and --key, or neither to have a self-signed certificate made")
        }
    }

    /// Makes a context with the certificate as it is in the files now.
    func load(ticketKeys: TicketKeys) throws -> TLSContext {
        let now = Int64(Clock.wallMilliseconds() / 1000)
        if isMade { try makeIfNeeded(nowSeconds: now) }
        return try TLSContext(
            certificateFile: certificateFile, keyFile: keyFile, ticketKeys: ticketKeys,
            applicationProtocols: [ApplicationProtocol.http2, ApplicationProtocol.http11], nowSeconds: now)
    }

    /// Tells the operator which certificate clients see, with its fingerprint.
    func announce(_ certificate: CertificateFacts, logger: Logger) {
        let names = certificate.names.joined(separator: ", ")
        let advice = isMade ? ", self-signed; give --cert and --key for one that clients know" : ""
        logger.notice(
            "certificate for \(names)\(advice)",
            metadata: ["file": "\(certificateFile)", "sha256": "\(certificate.fingerprint)"])
    }

    private func makeIfNeeded(nowSeconds: Int64) throws {
        do {
            let pem = try WholeFile.read(certificateFile, byteCountMax: 1 << 20)
            if try CertificateFacts(pem: pem.span).notAfterSeconds - nowSeconds > Self.renewalSeconds {
                return
            }
        } catch let error as SystemError where error.isNotFound {
            // The first start.
        }
        let made = try SelfSignedCertificate.make(
            names: ["localhost", "127.0.0.1", "::1"], days: Self.madeForDays, nowSeconds: nowSeconds)
        // The key first: a crash between the two leaves no certificate, and the next start makes both.
        try WholeFile.replace(keyFile, with: made.key.span)
        try WholeFile.replace(certificateFile, with: made.certificate.span)
    }
}
