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
    private var lines: [UInt8] = []
    private var lineCount: UInt64 = 0
    private var second: UInt64 = 0
    /// The second, as the format has it.
    private var time: [UInt8] = []

    // Of the request that is worked on; nil and empty where it broke HTTP's rules.
    private var method: Method?
    private var path: [UInt8] = []

    init(_ log: AccessLog, format: AccessLogFormat) {
        self.log = log
        self.format = format
    }

    /// Brings the time up to the wall clock's.
    func update(wallMilliseconds: UInt64) {
        if wallMilliseconds / 1000 == second { return }
        second = wallMilliseconds / 1000
        time.removeAll(keepingCapacity: true)
        let now = UTCTime(milliseconds: second * 1000)
        switch format {
        case .text: now.appendCommonLogForm(to: &time)
        case .json: now.append(to: &time)
        }
    }

    // MARK: Requests

    /// Notes what the line of the next answer is about.
    func begin(_ method: Method, path: Span<UInt8>) {
        self.method = method
        self.path.removeAll(keepingCapacity: true)
        append(path: path)
    }

    /// Gives back what was noted of a request that is answered later, since others may be answered before it.
    func suspend() -> [UInt8] {
        let path = self.path
        forget()
        return path
    }

    /// Goes on with what `suspend` gave back.
    func resume(_ path: [UInt8], of method: Method) {
        self.method = method
        self.path = path
    }

    /// No answer comes of the request that was noted.
    func forget() {
        method = nil
        path.removeAll(keepingCapacity: true)
    }

    /// Octets that a line can't have, or that end a quotation, are percent-encoded, which says the same.
    private func append(path octets: Span<UInt8>) {
        let count = min(octets.count, Self.pathByteCountMax)
        for index in 0..<count {
            let octet = octets[index]
            if octet > 0x20, octet < 0x7F, octet != UInt8(ascii: "\""), octet != UInt8(ascii: "\\") {
                path.append(octet)
            } else {
                path.append(UInt8(ascii: "%"))
                path.append(hex: octets.extracting(index..<index + 1))
            }
        }
        if octets.count > count { path.append("...") }
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
        lines.append(" - - [")
        lines.append(contentsOf: time)
        lines.append("] \"")
        if let method {
            lines.append(method.name)
            lines.append(" ")
            lines.append(contentsOf: path)
            lines.append(" ")
            lines.append(version)
        } else {
            lines.append("-")
        }
        lines.append("\" ")
        lines.append(decimal: UInt64(status))
        lines.append(" ")
        lines.append(decimal: UInt64(byteCount))
        lines.append(" ")
        lines.append(decimal: microseconds)
        lines.append("\n")
    }

    private func appendJSON(
        _ peer: [UInt8], _ version: StaticString, _ status: UInt16, _ byteCount: Int, _ microseconds: UInt64
    ) {
        lines.append("{\"time\":\"")
        lines.append(contentsOf: time)
        lines.append("\",\"client\":\"")
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
        log.offer(lines, count: lineCount)
        lines = []
        lines.reserveCapacity(Self.handoverByteCount + 4096)
        lineCount = 0
    }
}
