import ArgumentParser
import Logging
import Server

/// Options of `serve`: what is logged on standard error.
struct LogOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The least that is logged. (default: info)",
            valueName: "level"))
    var logLevel: LogLevelChoice?

    @Option(
        help: ArgumentHelp("What a line is; json is one object a line. (default: text)", valueName: "format"))
    var logFormat: LogFormatChoice?

    func apply(_ source: OptionSource, to configuration: inout ServerConfiguration) throws {
        let level =
            try source.value(logLevel, "log-level").flatMap { Logger.Level(rawValue: $0.rawValue) } ?? .info
        let format: LineLogHandler.Format = try source.value(logFormat, "log-format") == .json ? .json : .text
        configuration.logger = Logger(label: "syncstreamer") { _ in
            LineLogHandler(format: format, level: level)
        }
    }
}
