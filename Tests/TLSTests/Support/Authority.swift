@testable import TLS

/// An authority for clients' certificates, made by the openssl command.
final class Authority {
    let scratch = Scratch()
    /// Its own certificate.
    let file: String
    private let key: String

    /// - Parameter issuer: nil for one that vouches for itself.
    init(_ name: String, below issuer: Authority? = nil) {
        if let issuer {
            let made = issuer.issue("/CN=\(name)", ["basicConstraints=critical,CA:TRUE"])
            file = scratch.write(Array(Scratch.text(of: made.certificate).utf8), to: name + ".pem")
            key = scratch.write(Array(Scratch.text(of: made.key).utf8), to: name + ".key")
        } else {
            (file, key) = (scratch.file(name + ".pem"), scratch.file(name + ".key"))
            openssl("req -x509 -days 30 -subj /CN=\(name) -out \(file) \(Self.newKey) \(key)")
        }
    }

    private static let newKey = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout"

    private func openssl(_ words: String, _ subject: String? = nil) {
        let rest = subject.map { ["-subj", $0] } ?? []
        Command.run(["openssl"] + words.split(separator: " ").map(String.init) + rest, in: scratch)
    }

    /// A certificate of this authority's, and its key.
    ///
    /// - Parameters:
    ///   - subject: as `openssl req -subj` takes it.
    ///   - extensions: lines of a file for `-extfile`.
    ///   - days: −1 for one that has expired.
    func issue(_ subject: String, _ extensions: [String] = [], days: Int = 30) -> CertificateFiles {
        let number = scratch.nextNumber()
        let (request, settings) = (scratch.file("request-\(number)"), scratch.file("settings-\(number)"))
        let (certificate, key) = (scratch.file("\(number).pem"), scratch.file("\(number).key"))
        _ = scratch.write(Array(extensions.joined(separator: "\n").utf8), to: "settings-\(number)")
        openssl("req -new -utf8 -out \(request) \(Self.newKey) \(key)", subject)
        openssl(
            "x509 -req -in \(request) -CA \(file) -CAkey \(self.key) -set_serial \(number) -days \(days)"
                + " -extfile \(settings) -out \(certificate)")
        return CertificateFiles(certificate: certificate, key: key)
    }
}
