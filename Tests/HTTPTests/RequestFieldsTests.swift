// Heads whose fields come one by one, and what they come to.

import Bytes
import Testing

@testable import HTTP

@Suite struct RequestFieldsTests {
    private static let plain = [
        (":method", "GET"), (":scheme", "https"), (":path", "/frame?limit=1"),
        (":authority", "localhost:8080"),
    ]

    /// What a head comes to, with the values that were kept of it.
    private struct Parsed {
        let head: RequestHead
        let octets: [UInt8]

        func text(_ range: Range<Int>?) -> String? {
            range.map { String(decoding: octets[$0], as: UTF8.self) }
        }
    }

    private func parse(_ fields: [(String, String)], hasBody: Bool = false) throws(RequestFault) -> Parsed {
        var collected = RequestFields(limits: RequestLimits())
        collected.begin()
        for (name, value) in fields {
            collected.append(name: Array(name.utf8).span, value: Array(value.utf8).span)
        }
        let range = try collected.end()
        let octets = collected.octets.extracting(range).copied()
        var head = RequestHead()
        try head.parse(fields: octets.span, hasBody: hasBody)
        return Parsed(head: head, octets: octets)
    }

    private func status(_ fields: [(String, String)], hasBody: Bool = false) -> UInt16? {
        do throws(RequestFault) {
            _ = try parse(fields, hasBody: hasBody)
            return nil
        } catch {
            return error.status
        }
    }

    private func plain(_ name: String, _ value: String?) -> [(String, String)] {
        Self.plain.compactMap { field in
            field.0 == name ? value.map { (name, $0) } : field
        }
    }

    @Test func aHead() throws {
        let parsed = try parse(
            Self.plain + [
                ("accept", "*/*"), ("x-other", "1"), ("if-none-match", " \"a\"\t"),
                ("if-none-match", "\"b\""),
            ])
        #expect(parsed.head.method == .get && parsed.head.version == .http2)
        #expect(parsed.text(parsed.head.path) == "/frame")
        #expect(parsed.text(parsed.head.query) == "limit=1")
        #expect(parsed.text(parsed.head.authority) == "localhost:8080")
        #expect(parsed.text(parsed.head.value(of: .accept)) == "*/*")
        #expect(parsed.head.framing == .none && parsed.head.keepAlive)
        var tags: [String?] = []
        parsed.head.forEachValue(of: .ifNoneMatch) { tags.append(parsed.text($0)) }
        #expect(tags == ["\"a\"", "\"b\""])
    }

    @Test func bodies() throws {
        #expect(try parse(Self.plain, hasBody: true).head.framing == .chunked)
        #expect(try parse(Self.plain + [("content-length", "5")], hasBody: true).head.framing == .length(5))
        #expect(try parse(Self.plain + [("content-length", "0")]).head.framing == .none)
        let expecting = Self.plain + [("expect", "100-continue")]
        #expect(try parse(expecting, hasBody: true).head.expectsContinue)
        #expect(try !parse(expecting).head.expectsContinue)
    }

    @Test func theAuthority() throws {
        let host = try parse(plain(":authority", nil) + [("host", "example.org")])
        #expect(host.text(host.head.authority) == "example.org")
        let both = try parse(Self.plain + [("host", "LOCALHOST:8080")])
        #expect(both.text(both.head.authority) == "localhost:8080")
        #expect(status(plain(":authority", nil)) == 400)
        #expect(status(Self.plain + [("host", "example.org")]) == 400)
        #expect(status(plain(":authority", "user@localhost")) == 400)
        #expect(status(plain(":authority", "")) == 400)
    }

    @Test(arguments: ["", "frame", "/a b", "/ä", "/a\u{7F}", "/a\"", "http://localhost/", "*"])
    func paths(_ path: String) {
        #expect(status(plain(":path", path)) == 400)
    }

    @Test func theServerItself() throws {
        let fields = plain(":path", "*").map { $0.0 == ":method" ? (":method", "OPTIONS") : $0 }
        let parsed = try parse(fields)
        #expect(parsed.text(parsed.head.path) == "*")
    }

    @Test func methods() {
        #expect(status(plain(":method", "BREW")) == 501)
        #expect(status(plain(":method", "get")) == 501)
        #expect(status(plain(":method", nil)) == 400)
        #expect(status(plain(":path", nil)) == 400)
        #expect(status([(":method", "CONNECT"), (":authority", "localhost:8080")]) == 501)
    }

    @Test func valuesAndRepetitions() {
        for value in ["a\r\nb", "a\0b", "a\u{1}"] { #expect(status(Self.plain + [("accept", value)]) == 400) }
        #expect(status(Self.plain + [("range", "bytes=0-1"), ("range", "bytes=0-1")]) == 400)
        #expect(
            status(Self.plain + [("content-length", "5"), ("content-length", "5")], hasBody: true) == 400)
        for length in ["", "5x", "-1", "99999999999999999999"] {
            #expect(status(Self.plain + [("content-length", length)], hasBody: true) == 400)
        }
        #expect(status(Self.plain + [("expect", "else")], hasBody: true) == 417)
    }

    @Test func theLimitsToTheOctet() {
        func fields(_ count: Int) -> [(String, String)] { (0..<count).map { ("a\($0)", "1") } }
        #expect(status(Self.plain + fields(100)) == nil)
        #expect(status(Self.plain + fields(101)) == 431)
        func value(_ count: Int) -> [(String, String)] { [("a", String(repeating: "1", count: count))] }
        #expect(status(Self.plain + value(32 * 1024 - 33)) == nil)
        #expect(status(Self.plain + value(32 * 1024 - 32)) == 431)
        #expect(status(plain(":path", "/" + String(repeating: "1", count: 8191))) == nil)
        #expect(status(plain(":path", "/" + String(repeating: "1", count: 8192))) == 414)
    }

    /// A head that broke a limit leaves nothing behind, and the next one is not its heir.
    @Test func oneAfterTheOther() throws {
        var collected = RequestFields(limits: RequestLimits())
        var ranges: [Range<Int>?] = []
        for path in ["/1", String(repeating: "1", count: 9000), "/3"] {
            collected.begin()
            for (name, value) in plain(":path", path) {
                collected.append(name: Array(name.utf8).span, value: Array(value.utf8).span)
            }
            ranges.append(try? collected.end())
        }
        #expect(ranges[1] == nil)
        #expect(ranges[0]!.upperBound == ranges[2]!.lowerBound)
        #expect(collected.count == ranges[2]!.upperBound)
        // One that is not whole yet stays.
        collected.begin()
        collected.append(name: Array(":path".utf8).span, value: [UInt8(ascii: "/")].span)
        collected.removeAll()
        #expect(try collected.end() == 0..<6)
        collected.removeAll()
        #expect(collected.count == 0)
    }
}
