// The lines of the access log, and what becomes of them where they come faster than they are written.

import HTTP
import Posix
import Synchronization
import Testing

@testable import Server

@Suite struct AccessLinesTests {
    private let metrics = MetricsBoard(loopCount: 1)
    private let log: AccessLog

    init() throws {
        log = try AccessLog(metrics: metrics)
    }

    private func lines(_ format: AccessLogFormat = .text) -> AccessLines {
        let lines = AccessLines(log, format: format)
        lines.update(wallMilliseconds: 1_700_000_000_999)
        return lines
    }

    private func head(_ requestLine: String, _ body: (RequestHead, Span<UInt8>) -> Void) throws {
        let octets = Array("\(requestLine)\r\nHost: a\r\n\r\n".utf8)
        var head = RequestHead()
        try head.parse(octets.span)
        body(head, octets.span)
    }

    private func append(_ lines: AccessLines, status: UInt16 = 200, byteCount: Int = 5) {
        lines.append(
            peer: Array("::1".utf8), "HTTP/1.1", status: status, byteCount: byteCount, microseconds: 42)
    }

    /// What the log's thread would be given.
    private func taken() -> [String] {
        var messages: [AccessLogMessage] = []
        log.mailbox.take(into: &messages)
        var octets: [UInt8] = []
        for case .lines(let lines, _) in messages { octets += lines }
        return (String(validating: octets, as: UTF8.self) ?? "").split(separator: "\n").map(String.init)
    }

    @Test func aLineSaysWhoAskedForWhatAndWhatCame() throws {
        let lines = lines()
        try head("GET /1700000000000?since=secret HTTP/1.1") {
            lines.begin($0.method, path: $1.extracting($0.path))
        }
        append(lines)
        #expect(taken() == [])
        lines.handOver()
        #expect(
            taken() == [
                #"::1 - - [14/Nov/2023:22:13:20 +0000] "GET /1700000000000 HTTP/1.1" 200 5 42"#
            ])
    }

    @Test func aLineOfJSON() throws {
        let lines = lines(.json)
        try head("POST /channel/a%22b HTTP/1.1") { lines.begin($0.method, path: $1.extracting($0.path)) }
        append(lines, status: 401)
        append(lines, status: 400)
        lines.handOver()
        #expect(
            taken() == [
                #"{"time":"2023-11-14T22:13:20.000Z","client":"::1","method":"POST","path":"/channel/a%22b","#
                    + #""protocol":"HTTP/1.1","status":401,"octets":5,"microseconds":42}"#,
                #"{"time":"2023-11-14T22:13:20.000Z","client":"::1","#
                    + #""protocol":"HTTP/1.1","status":400,"octets":5,"microseconds":42}"#,
            ])
    }

    @Test func whatIsNoRequestHasNoPath() throws {
        let lines = lines()
        try head("GET /a HTTP/1.1") { lines.begin($0.method, path: $1.extracting($0.path)) }
        lines.forget()
        append(lines, status: 400)
        lines.handOver()
        #expect(taken()[0].contains(#" "-" 400 "#))
    }

    @Test func anUploadsLineIsItsOwnHoweverManyComeBetween() throws {
        let lines = lines()
        try head("POST /channel/a HTTP/1.1") { lines.begin($0.method, path: $1.extracting($0.path)) }
        var path: [UInt8] = []
        lines.suspend(into: &path)
        try head("GET /frame HTTP/1.1") { lines.begin($0.method, path: $1.extracting($0.path)) }
        append(lines)
        lines.resume(path, of: .post)
        append(lines)
        lines.handOver()
        let taken = taken()
        #expect(taken[0].contains(#""GET /frame HTTP/1.1""#))
        #expect(taken[1].contains(#""POST /channel/a HTTP/1.1""#))
    }

    @Test func aPathCannotEndALineOrAQuotation() throws {
        let lines = lines()
        let path: [UInt8] = [0x2F, 0x22, 0x5C, 0x0A, 0x00, 0x80, 0xFF]
        lines.begin(.get, path: path.span)
        append(lines)
        lines.handOver()
        #expect(taken()[0].contains(#""GET /%22%5c%0a%00%80%ff HTTP/1.1""#))
    }

    @Test func aLongPathIsCut() throws {
        let lines = lines()
        try head("GET /\(String(repeating: "x", count: 1023)) HTTP/1.1") {
            lines.begin($0.method, path: $1.extracting($0.path))
        }
        append(lines)
        try head("GET /\(String(repeating: "x", count: 1024)) HTTP/1.1") {
            lines.begin($0.method, path: $1.extracting($0.path))
        }
        append(lines)
        lines.handOver()
        let taken = taken()
        #expect(taken[0].contains("xxx HTTP/1.1"))
        #expect(taken[1].contains("xxx... HTTP/1.1") && taken[1].utf8.count == taken[0].utf8.count + 3)
    }

    @Test func manyLinesAreHandedOverAtOnce() throws {
        let lines = lines()
        for _ in 0..<2000 { append(lines) }
        let count = taken().count
        #expect(count > 500 && count < 2000)
        lines.handOver()
        #expect(count + taken().count == 2000)
    }

    @Test func whatHasNoRoomIsDroppedAndCounted() throws {
        let full = [UInt8](repeating: UInt8(ascii: "\n"), count: AccessLog.waitingByteCountMax)
        log.offer(full, count: 7)
        log.offer([UInt8(ascii: "\n")], count: 3)
        #expect(metrics.droppedAccessLines.load(ordering: .relaxed) == 3)
        log.release(byteCount: full.count)
        log.offer(full, count: 7)
        #expect(metrics.droppedAccessLines.load(ordering: .relaxed) == 3)
    }
}
