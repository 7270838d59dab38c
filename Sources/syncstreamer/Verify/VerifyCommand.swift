import ArgumentParser
import FrameLog
import Posix
import Server

/// `syncstreamer verify`: checks a data directory, and repairs it where it is asked to.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a data directory: every segment of the log and every frame, digests included.",
        discussion: """
            Without --repair nothing is changed, and a server may be running. With it, whatever can still be \
            read is kept, damaged files are moved to the folder 'damaged' of the data directory (nothing is \
            removed), and the next 'serve' starts; stop the server first.

            Exits with 0 where everything is sound, in the end, and with 1 where something is damaged.

            Examples:

              syncstreamer verify --data-dir data
              syncstreamer verify --data-dir data --repair
            """)

    @Option(
        help: ArgumentHelp(
            "The data directory. (default: SYNCSTREAMER_DATA_DIR, or ./data)", valueName: "directory"))
    var dataDir: String?

    @Flag(help: "Keep what can be read, and move damaged files aside.")
    var repair = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let path =
            try OptionSource.process.value(dataDir, "data-dir") ?? ServerConfiguration.defaultDataDirectory
        var progress = ProgressBar()
        let check = try DataCheck(path) { progress.update($0, of: $1) }
        let report: VerifyReport
        do {
            defer { progress.finish() }
            report =
                try repair
                ? VerifyReport(path: path, repair: check.repair())
                : VerifyReport(path: path, check: check.run())
        }
        if json {
            try Lines.print(report.json)
        } else {
            for line in report.lines(.output) { try Lines.print(line) }
        }
        if !report.isSound { throw ExitCode.failure }
    }
}
