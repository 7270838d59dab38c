import Bytes
import HTTP
import Posix

/// What a line of the access log looks like.
package enum AccessLogFormat: Sendable {
    /// The Common Log Format of web servers, and behind it the microseconds that the answer took.
    case text
    /// One JSON object a line.
    case json
}

/// The access log's lines of one loop, gathered until the log takes them at a tick, or when they are many.
///
/// Nothing of a request's query, fields or content comes into a line: there the secrets and the data are.
final class AccessLines {
    /// Octets that are handed over at a time.
    private static let handoverByteCount = 64 * 1024
    /// Octets of a path; what is longer ends in `...`.
    private static let pathByteCountMax = 1024

    private let log: AccessLog
    private let format: AccessLogFormat
    private var lines = Buffer()
    private var lineCount: UInt64 = 0
    private var second: UInt64 = 0
    /// What is the same in all lines of the second: the time, and what stands around it.
    private var opening = Buffer()

    // Of the request that is worked on; nil and empty where it broke HTTP's rules.
    private var method: Method?
    private var path = Buffer()

    init(_ log: AccessLog, format: AccessLogFormat) {
        self.log = log
        self.format = format
    }

    /// Brings the time up to the wall clock's.
    func update(wallMilliseconds: UInt64) {
        if wallMilliseconds / 1000 == second { return }
        second = wallMilliseconds / 1000
        opening.removeAll()
        let now = UTCTime(milliseconds: second * 1000)
        switch format {
        case .text:
            opening.append(" - - [")
            now.appendCommonLogForm(to: &opening)
            opening.append("] \"")
        case .json:
            opening.append("{\"time\":\"")
            now.append(to: &opening)
            opening.append("\",\"client\":\"")
        }
    }

    // MARK: Requests

    /// Notes what the line of the next answer is about.
    func begin(_ method: Method, path: Span<UInt8>) {
        self.method = method
        self.path.removeAll()
        append(path: path)
    }

    /// Gives what was noted of a request that is answered later to `path`, since others may be answered
    /// before it.
    func suspend(into path: inout [UInt8]) {
        path.append(copying: self.path.octets)
        forget()
    }

    /// Goes on with what `suspend` gave.
    func resume(_ path: [UInt8], of method: Method) {
        self.method = method
        self.path.removeAll()
        self.path.append(copying: path.span)
    }

    /// No answer comes of the request that was noted.
    func forget() {
        method = nil
        path.removeAll()
    }

    /// Octets that a line can't have, or that end a quotation, are percent-encoded, which says the same.
    private func append(path octets: Span<UInt8>) {
        let count = min(octets.count, Self.pathByteCountMax)
        // What lies between two of them is copied as a whole, which mostly is all.
        var start = 0
        for index in 0..<count where !Self.isPlain(octets[index]) {
            path.append(copying: octets.extracting(start..<index))
            path.append(UInt8(ascii: "%"))
            path.append(hex: octets.extracting(index..<index + 1))
            start = index + 1
        }
        path.append(copying: octets.extracting(start..<count))
        if octets.count > count { path.append("...") }
    }

    private static func isPlain(_ octet: UInt8) -> Bool {
        octet > 0x20 && octet < 0x7F && octet != UInt8(ascii: "\"") && octet != UInt8(ascii: "\\")
    }

    // MARK: Lines

    /// Appends the line of an answer.
    ///
    /// - Parameters:
    ///   - peer: the client's address, as text.
    ///   - byteCount: octets of the answer's content.
    ///   - microseconds: from the request's head to its answer.
    func append(
        peer: [UInt8], _ version: StaticString, status: UInt16, byteCount: Int, microseconds: UInt64
    ) {
        switch format {
        case .text: appendText(peer, version, status, byteCount, microseconds)
        case .json: appendJSON(peer, version, status, byteCount, microseconds)
        }
        lineCount += 1
        forget()
        if lines.count >= Self.handoverByteCount { handOver() }
    }

    private func appendText(
        _ peer: [UInt8], _ version: StaticString, _ status: UInt16, _ byteCount: Int, _ microseconds: UInt64
    ) {
        lines.append(copying: peer.span)
        lines.append(contentsOf: opening)
        if let method {
            lines.append(method.name)
            lines.append(UInt8(ascii: " "))
            lines.append(contentsOf: path)
            lines.append(UInt8(ascii: " "))
            lines.append(version)
        } else {
            lines.append(UInt8(ascii: "-"))
        }
        lines.append("\" ")
        lines.append(decimal: UInt64(status))
        lines.append(UInt8(ascii: " "))
        lines.append(decimal: UInt64(byteCount))
        lines.append(UInt8(ascii: " "))
        lines.append(decimal: microseconds)
        lines.append(UInt8(ascii: "\n"))
    }

    private func appendJSON(
        _ peer: [UInt8], _ version: StaticString, _ status: UInt16, _ byteCount: Int, _ microseconds: UInt64
    ) {
        lines.append(contentsOf: opening)
        lines.append(copying: peer.span)
        if let method {
            lines.append("\",\"method\":\"")
            lines.append(method.name)
            lines.append("\",\"path\":\"")
            lines.append(contentsOf: path)
        }
        lines.append("\",\"protocol\":\"")
        lines.append(version)
        lines.append("\",\"status\":")
        lines.append(decimal: UInt64(status))
        lines.append(",\"octets\":")
        lines.append(decimal: UInt64(byteCount))
        lines.append(",\"microseconds\":")
        lines.append(decimal: microseconds)
        lines.append("}\n")
    }

    /// Gives the log all lines so far.
    func handOver() {
        if lines.isEmpty { return }
        log.offer(lines.octets.copied(), count: lineCount)
        lines.removeAll()
        lineCount = 0
    }
}
