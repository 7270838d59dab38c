import Bytes
import HTTP
package import Logging
import Posix

/// Writes each log event as one line on standard error: for people, or as one JSON object for machines.
package struct LineLogHandler: LogHandler {
    /// What a line looks like.
    package enum Format: String, Sendable, CaseIterable {
        case text
        case json
    }

    /// The least that is written.
    package var logLevel: Logger.Level
    /// Fields of every line.
    package var metadata: Logger.Metadata = [:]
    private let format: Format

    /// A handler that writes what is at least of `level`.
    package init(format: Format, level: Logger.Level) {
        self.format = format
        logLevel = level
    }

    /// One field of every line.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes an event as one line, whole: lines of several threads don't mix. Any thread.
    package func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }.sorted { $0.key < $1.key }
        var line: [UInt8] = []
        switch format {
        case .text: appendText(event, fields, to: &line)
        case .json: appendJSON(event, fields, to: &line)
        }
        line.append(UInt8(ascii: "\n"))
        StandardStreams.writeError(line.span)
    }
}

extension LineLogHandler {
    private typealias Field = (key: String, value: Logger.Metadata.Value)

    /// `2026-11-23T10:36:56.042Z info: message key=value`
    private func appendText(_ event: LogEvent, _ fields: [Field], to line: inout [UInt8]) {
        UTCTime(milliseconds: Clock.wallMilliseconds()).append(to: &line)
        line.append(utf8: " \(event.level): \(event.message)")
        for field in fields { line.append(utf8: " \(field.key)=\(field.value)") }
        // One event is one line, whatever a message quotes.
        for index in line.indices where line[index] < 0x20 || line[index] == 0x7F {
            line[index] = UInt8(ascii: " ")
        }
    }

    private func appendJSON(_ event: LogEvent, _ fields: [Field], to line: inout [UInt8]) {
        line.append("{\"time\":\"")
        UTCTime(milliseconds: Clock.wallMilliseconds()).append(to: &line)
        line.append("\",\"level\":")
        JSONWriter.append("\(event.level)", to: &line)
        line.append(",\"message\":")
        JSONWriter.append("\(event.message)", to: &line)
        for field in fields {
            line.append(",")
            JSONWriter.append(field.key, to: &line)
            line.append(":")
            JSONWriter.append("\(field.value)", to: &line)
        }
        line.append("}")
    }
}
