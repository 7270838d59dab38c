import ArgumentParser
import Logging
import Server

/// Options of `serve`: what is logged, and where.
struct LogOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The least that is logged. (default: info)",
            valueName: "level"))
    var logLevel: LogLevelChoice?

    @Option(
        help: ArgumentHelp(
            "What a line of either log is; json is one object a line. (default: text)", valueName: "format"))
    var logFormat: LogFormatChoice?

    @Option(
        help: ArgumentHelp(
            "A line an answer: 'on' for standard error, or a file, opened anew at SIGHUP. (default: off)",
            valueName: "off|on|file"))
    var accessLog: AccessLogChoice?

    func apply(_ source: OptionSource, to configuration: inout ServerConfiguration) throws {
        let level =
            try source.value(logLevel, "log-level").flatMap { Logger.Level(rawValue: $0.rawValue) } ?? .info
        let format: LineLogHandler.Format = try source.value(logFormat, "log-format") == .json ? .json : .text
        switch try source.value(accessLog, "access-log") {
        case .at(let place): configuration.accessLog = place
        case .off, nil: break
        }
        configuration.accessLogFormat = format == .json ? .json : .text
        configuration.logger = Logger(label: "syncstreamer") { _ in
            LineLogHandler(format: format, level: level)
        }
    }
}
