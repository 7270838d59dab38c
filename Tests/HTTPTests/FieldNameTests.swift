// Shows that each field name is known in any case and that nothing near it is taken for it, and that a head
// used for one request after another tells of the last one alone.
import Bytes
import HTTP
import Testing

@Suite struct FieldNameTests {
    private static let texts: [(FieldName, String)] = [
        (.accept, "Accept"), (.acceptEncoding, "Accept-Encoding"),
        (.accessControlRequestHeaders, "Access-Control-Request-Headers"),
        (.accessControlRequestMethod, "Access-Control-Request-Method"), (.authorization, "Authorization"),
        (.connection, "Connection"), (.contentEncoding, "Content-Encoding"),
        (.contentLength, "Content-Length"),
        (.contentType, "Content-Type"), (.expect, "Expect"), (.host, "Host"),
        (.idempotencyKey, "Idempotency-Key"),
        (.ifMatch, "If-Match"), (.ifModifiedSince, "If-Modified-Since"), (.ifNoneMatch, "If-None-Match"),
        (.ifRange, "If-Range"), (.ifUnmodifiedSince, "If-Unmodified-Since"), (.lastEventID, "Last-Event-ID"),
        (.origin, "Origin"), (.prefer, "Prefer"), (.range, "Range"), (.transferEncoding, "Transfer-Encoding"),
    ]

    /// Whether `name` is found in a request that has a line with `text` for its name.
    private func isFound(_ name: FieldName, in text: String) throws -> Bool {
        let value =
            switch name {
            case .contentLength: "1"
            case .transferEncoding: "chunked"
            case .expect: "100-continue"
            default: "x"
            }
        let octets = Array(
            "POST / HTTP/1.1\r\n\(name == .host ? "" : "Host: h\r\n")\(text): \(value)\r\n\r\n".utf8)
        var head = RequestHead()
        try head.parse(octets.span)
        return head.value(of: name) != nil
    }

    @Test func everyNameHasItsText() {
        #expect(Set(Self.texts.map(\.0)) == Set(FieldName.allCases))
    }

    @Test(arguments: texts) func inAnyCase(name: FieldName, text: String) throws {
        #expect(try isFound(name, in: text))
        #expect(try isFound(name, in: text.lowercased()))
        #expect(try isFound(name, in: text.uppercased()))
    }

    @Test(arguments: texts) func nothingElseIsTakenForIt(name: FieldName, text: String) throws {
        for place in text.utf8.indices where name != .host {
            for replacement in ["_", "x", "~"] {
                var other = text
                other.replaceSubrange(place...place, with: replacement)
                if other.lowercased() == text.lowercased() { continue }
                #expect(try !isFound(name, in: other), "\(other)")
            }
        }
        if name != .host { #expect(try !isFound(name, in: text + "s")) }
    }

    @Test func valuesInTheirOrder() throws {
        let octets = Array((get + "Accept: a\r\nX: y\r\nACCEPT: b\r\nPrefer: c\r\naccept:\r\n\r\n").utf8)
        var head = RequestHead()
        try head.parse(octets.span)
        var values: [String] = []
        head.forEachValue(of: .accept) { values.append(String(decoding: octets[$0], as: UTF8.self)) }
        #expect(values == ["a", "b", ""])
        #expect(head.value(of: .ifMatch) == nil)
    }

    /// What one request said must not be heard in the next.
    @Test func aHeadIsReused() throws {
        var head = RequestHead()
        let first =
            "POST /a?b HTTP/1.0\r\nHost: h\r\nContent-Length: 3\r\nPrefer: x\r\nConnection: close\r\n\r\n"
        try head.parse(Array(first.utf8).span)
        #expect(head.framing == .length(3) && !head.keepAlive && head.value(of: .prefer) != nil)
        let second = "POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"
        try head.parse(Array(second.utf8).span)
        #expect(head.framing == .length(1) && head.keepAlive && head.expectsContinue && head.query == nil)
        #expect(head.value(of: .prefer) == nil && head.value(of: .connection) == nil)
        #expect(throws: RequestFault.self) {
            try head.parse(Array((get + "Range: x\r\nRange: x\r\n\r\n").utf8).span)
        }
        try head.parse(Array((get + "\r\n").utf8).span)
        #expect(head.framing == .none && head.method == .get && !head.expectsContinue)
        #expect(head.value(of: .contentLength) == nil && head.value(of: .expect) == nil)
    }
}
