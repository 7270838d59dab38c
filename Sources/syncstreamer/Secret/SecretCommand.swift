import ArgumentParser
import Bytes
import HTTP
import Posix
import Server
import TLS

/// `syncstreamer secret`: the secrets of a file that `serve --secret-file` reads.
struct SecretCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret",
        abstract: "Make a secret and write its line to a secret file; list them; revoke one.",
        discussion: """
            A secret file holds digests, never the secrets themselves. A server reads it anew at SIGHUP. \
            A line may also stand for the subject of a client's certificate, where the server is started \
            with --client-ca.

            Example:

              syncstreamer secret make kitchen-sensor --secret-file secrets
            """,
        subcommands: [Make.self, List.self, Revoke.self])

    struct Make: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a secret, print it once, and append its line to a secret file.",
            discussion: """
                Examples:

                  syncstreamer secret make camera --channels 'cam-*,hall' --secret-file secrets
                  syncstreamer secret make device-1 --client-cert device-1.pem --secret-file secrets
                """)

        @Argument(help: "What to call it: 1 to 64 visible ASCII characters.")
        var name: String

        @Option(
            help: ArgumentHelp(
                "The channels it may post to, separated by commas; * stands for anything.",
                valueName: "patterns"))
        var channels = "*"

        @Option(
            help: ArgumentHelp(
                "When it ends: 2027-01-31T18:00:00Z, 2027-01-31, or 720h from now. (default: never)",
                valueName: "time"))
        var expires: Expiry?

        @Option(
            help: ArgumentHelp(
                "Make no secret: the line is for the subject of this certificate, PEM.", valueName: "file"))
        var clientCert: String?

        @Flag(help: "Print the name and the secret as JSON.")
        var json = false

        @OptionGroup var target: SecretFileOptions

        func run() throws {
            let path = try target.path()
            guard SecretEntry.isName(Array(name.utf8).span) else {
                throw ValidationError(
                    "a name must be 1 to 64 visible ASCII characters, of which the first is no '#'")
            }
            let patterns: [ChannelPattern]
            do throws(SecretLineFault) {
                patterns = try SecretEntry.patterns(Array(channels.utf8).span)
            } catch {
                throw ValidationError(error.advice)
            }
            let expiry = expires?.moment(nowMilliseconds: Clock.wallMilliseconds())
            if let clientCert {
                let subject = try Self.subject(inFile: clientCert)
                let entry = SecretEntry(
                    name: name, proof: .certificate(subject: subject), patterns: patterns, expiry: expiry)
                try Self.add(entry, to: path)
                let text = String(decoding: subject, as: UTF8.self)
                Lines.say("\(path): certificates of \(PlainText.text(text)) may post now, from SIGHUP on")
                return
            }
            let secret = SecretGenerator.secret()
            let octets = Array(secret.utf8)
            try Self.add(
                SecretEntry(name: name, secret: octets.span, patterns: patterns, expiry: expiry), to: path)
            do throws(CommandFailure) {
                try Lines.print(json ? Self.json(name, secret) : secret)
            } catch {
                throw CommandFailure("\(error), so nobody knows the secret; revoke \(name) and make another")
            }
            if !json { Lines.say("This is the only time that the secret is shown; \(path) has its digest.") }
        }

        private static func add(_ entry: SecretEntry, to path: String) throws {
            let text = try SecretFileOptions.textIfThere(path)
            let longer = try SecretFile.adding(entry, to: text.span, named: path)
            try WholeFile.replace(path, with: longer.span)
        }

        private static func subject(inFile path: String) throws -> [UInt8] {
            let subject = try ClientCertificate(file: path).subject
            if subject.isEmpty {
                throw CommandFailure(
                    "\(path) has no subject; make a certificate with one, such as CN=device-1")
            }
            return subject
        }

        private static func json(_ name: String, _ secret: String) -> String {
            var line = Array("{\"name\":".utf8)
            JSONWriter.append(name, to: &line)
            line.append(utf8: ",\"secret\":\"\(secret)\"}")
            return String(decoding: line, as: UTF8.self)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the secrets of a file: names, channels and ends, never the secrets.",
            discussion: "Example: syncstreamer secret list --secret-file secrets")

        @Flag(help: "Print a JSON array.")
        var json = false

        @OptionGroup var target: SecretFileOptions

        func run() throws {
            let path = try target.path()
            let text = try WholeFile.read(path, byteCountMax: SecretFile.byteCountMax)
            let rows = SecretRows(
                try SecretFile.entries(in: text.span, named: path), nowMilliseconds: Clock.wallMilliseconds())
            for line in json ? [rows.json] : rows.lines(.output) { try Lines.print(line) }
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a secret's line from a file; a running server follows at SIGHUP.",
            discussion: "Example: syncstreamer secret revoke kitchen-sensor --secret-file secrets")

        @Argument(help: "The secret's name.")
        var name: String

        @OptionGroup var target: SecretFileOptions

        func run() throws {
            let path = try target.path()
            let text = try WholeFile.read(path, byteCountMax: SecretFile.byteCountMax)
            let shorter = try SecretFile.revoking(name, in: text.span, named: path)
            try WholeFile.replace(path, with: shorter.span)
            Lines.say("\(path): revoked \(PlainText.text(name)); a running server follows at SIGHUP")
        }
    }
}
