import ArgumentParser
import Bytes
import HTTP
import Posix
import TLS

/// `syncstreamer cert`: self-signed certificates.
struct CertificateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cert",
        abstract: "Make a self-signed certificate for the names given, or show one.",
        discussion: """
            Examples:

              syncstreamer cert --cert cert.pem --key key.pem localhost 127.0.0.1 ::1
              syncstreamer cert show cert.pem
            """,
        subcommands: [Make.self, Show.self],
        defaultSubcommand: Make.self)

    struct Make: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a self-signed certificate and its key, which this user alone can read.",
            discussion: "Example: syncstreamer cert make --cert cert.pem --key key.pem hub.local")

        @Argument(help: "Host names and IP addresses that it is for.")
        var names: [String]

        @Option(help: ArgumentHelp("Where the certificate is written, PEM.", valueName: "file"))
        var cert = "cert.pem"

        @Option(help: ArgumentHelp("Where its key is written, PEM, mode 0600.", valueName: "file"))
        var key = "key.pem"

        @Option(help: "How many days it is valid, 1 to 3650.")
        var days = 365

        @Flag(help: "Replace files that are there.")
        var force = false

        @Flag(help: "Print what it says as JSON.")
        var json = false

        func validate() throws {
            try OptionSource.check(days, within: SelfSignedCertificate.daysRange, "days", "1 to 3650")
            if cert == key { throw ValidationError("--cert and --key must name two files") }
        }

        func run() throws {
            if !force {
                for path in [cert, key] where try Self.isThere(path) {
                    throw CommandFailure("\(path) is there already; give --force to replace it")
                }
            }
            let made = try SelfSignedCertificate.make(
                names: names, days: days, nowSeconds: Int64(Clock.wallMilliseconds() / 1000))
            try WholeFile.replace(key, with: made.key.span)
            try WholeFile.replace(cert, with: made.certificate.span)
            try FileMode.makeOrdinary(cert)
            let description = CertificateDescription(try CertificateFacts(pem: made.certificate.span))
            for line in json ? [description.json] : description.lines(.output) { try Lines.print(line) }
        }

        private static func isThere(_ path: String) throws -> Bool {
            do {
                _ = try WholeFile.read(path, byteCountMax: 0)
                return true
            } catch let error where error.isNotFound {
                return false
            } catch {
                return true  // Too large for what was asked, or unreadable: it is there.
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a certificate: names, validity, fingerprint.",
            discussion: "Example: syncstreamer cert show cert.pem")

        @Argument(help: "A PEM file; its first certificate is shown.")
        var file: String

        @Flag(help: "Print a JSON object.")
        var json = false

        func run() throws {
            let description = CertificateDescription(try CertificateFacts(certificateFile: file))
            for line in json ? [description.json] : description.lines(.output) { try Lines.print(line) }
        }
    }
}
