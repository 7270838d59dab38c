import ArgumentParser
import Posix

/// The command `syncstreamer`: one program, the server and its tools.
@main
struct SyncStreamer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "syncstreamer",
        abstract: "HLS for any data: post items to channels, fetch what arrived as immutable frames.",
        discussion: """
            Examples:

              syncstreamer serve --data-dir data --cert cert.pem --key key.pem
              syncstreamer demo --cacert cert.pem --secret-from data/secret
              syncstreamer post kitchen '{"celsius": 21.5}' --cacert cert.pem
              syncstreamer get latest --cacert cert.pem --output latest.frame
              syncstreamer tail kitchen --cacert cert.pem
              syncstreamer inspect latest.frame
              syncstreamer export --mcap last-hour.mcap --since 1h --cacert cert.pem
              syncstreamer verify --data-dir data
              syncstreamer secret make kitchen-sensor --secret-file secrets
              syncstreamer cert --cert cert.pem --key key.pem localhost 127.0.0.1
            """,
        version: version,
        subcommands: [
            ServeCommand.self, DemoCommand.self, PostCommand.self, GetCommand.self, TailCommand.self,
            InspectCommand.self, ExportCommand.self, VerifyCommand.self, SecretCommand.self,
            CertificateCommand.self,
        ])

    static func main() {
        StandardStreams.reserveMissing()
        main(nil)
    }

    /// The version of the program, as `--version` and the User-Agent say it.
    static let version = "0.1.0"
}
