import Glibc

@testable import TLS

/// A server's certificate and key in files, made anew for each test.
struct Identity {
    let scratch = Scratch()
    let certificateFile: String
    let keyFile: String

    /// A time within the certificate's validity; the clock is read since clients read it, too.
    static var nowSeconds: Int64 { Int64(time(nil)) }

    /// The two.
    var files: CertificateFiles { CertificateFiles(certificate: certificateFile, key: keyFile) }

    init(names: [String] = ["localhost", "127.0.0.1", "::1"]) {
        do {
            let made = try SelfSignedCertificate.make(
                names: names, days: 30, nowSeconds: Self.nowSeconds)
            certificateFile = scratch.write(made.certificate, to: "certificate.pem")
            keyFile = scratch.write(made.key, to: "key.pem")
        } catch {
            fatalError("no certificate: \(error)")
        }
    }

    func context(
        protocols: [String] = ["http/1.1"], ticketKeys: TicketKeys = TicketKeys(nowMilliseconds: 0)
    ) throws(TLSError) -> TLSContext {
        try TLSContext(
            certificates: [files], ticketKeys: ticketKeys, applicationProtocols: protocols,
            nowSeconds: Self.nowSeconds)
    }
}
