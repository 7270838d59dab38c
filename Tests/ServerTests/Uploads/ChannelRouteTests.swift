// `POST /channel/{id}` from the head alone: where to, what can be read, and in which order it is asked; then
// the body and the log's verdict. Requests are raw octets, the log is played by the test.

import Bytes
import FrameLog
import TLS
import Testing

@testable import Server

@Suite struct ChannelRouteTests {
    private let site = Site()
    private let authorization = "Authorization: Bearer \(Site.secret)"
    private let json = "Content-Type: application/json"

    // MARK: Where

    @Test(arguments: [
        ("a", "a"), ("a%20b", "a b"), ("a%2Fb", "a/b"), ("t%C3%BCr", "tür"), ("%2E%2E", ".."), ("a+b", "a+b"),
        (String(repeating: "x", count: 255), String(repeating: "x", count: 255)),
    ])
    func channelIsDecodedOnce(segment: String, channel: String) throws {
        let upload = try site.accept("POST /channel/\(segment)", json, authorization)
        #expect(upload.channelID.span.copied() == Array(channel.utf8))
    }

    @Test(arguments: [
        "%", "%4", "%zz", "a%00", "%0D%0AX-Injected:%201", "a%0Ab", "%7F", "%C2%85", "%FF", "%C3",
        "%ED%A0%80", "%C0%AF",
        String(repeating: "x", count: 256),
    ])
    func channelIsRefused(segment: String) throws {
        let answer = try site.ask("POST /channel/\(segment)", json, authorization)
        #expect(answer.status == 400)
        #expect(answer.problem == "bad-channel")
        #expect(try site.ask("POST /channel/\(segment)", json).status == 401)
    }

    @Test(arguments: ["/channel/", "/channel/a/b", "/channel/a/", "/channel", "/Channel/a", "//channel/a"])
    func otherPathsAreNone(path: String) throws {
        #expect(try site.ask("POST \(path)", json, authorization).status == 404)
    }

    // MARK: What

    @Test(arguments: [
        ("application/json", Upload.Body.json, "application/json"),
        ("Application/JSON; charset=utf-8", .json, "application/json"),
        ("application/json ;a=b", .json, "application/json"),
        ("application/octet-stream", .octets, "application/octet-stream"),
        ("application/x-ndjson", .lines, "application/json"),
        ("application/vnd.syncstreamer.items", .records, "application/octet-stream"),
    ])
    func typeOfTheBody(type: String, body: Upload.Body, channelType: String) throws {
        let upload = try site.accept("POST /channel/a", "Content-Type: \(type)", authorization)
        #expect(upload.body == body)
        #expect(upload.channelType == Array(channelType.utf8))
        #expect(upload.byteCountMax == 1000)
    }

    @Test(arguments: [
        "", "text/plain", "application/jsonx", "application/x-ndjsonx", "application/vnd.syncstreamer.item",
        "json",
        "application/json, text/plain",
    ])
    func otherTypes(type: String) throws {
        let answer = try site.ask("POST /channel/a", "Content-Type: \(type)", authorization)
        #expect(answer.status == 415)
        #expect(answer.problem == "unsupported-type")
        let taken = "application/json, application/octet-stream, application/x-ndjson, "
        #expect(answer["Accept-Post"] == taken + "application/vnd.syncstreamer.items")
    }

    @Test func noType() throws {
        #expect(try site.ask("POST /channel/a", authorization).problem == "unsupported-type")
    }

    @Test func codings() throws {
        for (coding, isGzip) in [("Identity", false), ("gzip", true), ("X-GZip", true)] {
            let upload = try site.accept(
                "POST /channel/a", json, authorization, "Content-Encoding: \(coding)")
            #expect(upload.isGzip == isGzip)
        }
        for coding in ["deflate", "identity, gzip", "br"] {
            let answer = try site.ask("POST /channel/a", json, authorization, "Content-Encoding: \(coding)")
            #expect(answer.status == 415)
            #expect(answer.problem == "unsupported-coding")
            #expect(answer["Accept-Encoding"] == "gzip, identity")
        }
    }

    @Test func channelTypeFromTheQuery() throws {
        let upload = try site.accept("POST /channel/a?type=video%2Fmp4&x=%zz&y", json, authorization)
        #expect(upload.channelType == Array("video/mp4".utf8))
    }

    @Test(arguments: [
        "type=", "type", "type=a&type=b", "type=%0D%0ASet-Cookie:x", "type=%zz", "type=%FF",
        "type=\(String(repeating: "x", count: 256))", "timestamp=", "timestamp=-1", "timestamp=1.5",
        "timestamp=x",
        "timestamp=18446744073709551616", "timestamp=1&timestamp=1", "timestamp=1&age=1", "age=1&timestamp=1",
        "age=x", "age=1&age=1",
    ])
    func brokenParameters(query: String) throws {
        let answer = try site.ask("POST /channel/a?\(query)", json, authorization)
        #expect(answer.status == 400)
        #expect(answer.problem == "bad-parameter")
    }

    @Test(arguments: ["timestamp=1", "age=1"])
    func streamsHaveTheirOwnTimes(query: String) throws {
        for type in ["application/x-ndjson", "application/vnd.syncstreamer.items"] {
            let answer = try site.ask("POST /channel/a?\(query)", "Content-Type: \(type)", authorization)
            #expect(answer.status == 400)
            #expect(answer.problem == "bad-parameter")
        }
    }

    @Test func lengthOverTheLimit() throws {
        _ = try site.accept("POST /channel/a", json, authorization, "Content-Length: 1000")
        let answer = try site.ask("POST /channel/a", json, authorization, "Content-Length: 1001")
        #expect(answer.status == 413)
        #expect(answer.problem == "too-large")
        #expect(answer.text.hasSuffix(",\"limit\":1000}"))
        _ = try site.accept("POST /channel/a", json, authorization, "Transfer-Encoding: chunked")
    }

    @Test(arguments: [Readiness.draining, .logClosed, .logDamaged])
    func notNow(readiness: Readiness) throws {
        var site = site
        site.context.readiness = readiness
        let answer = try site.ask("POST /channel/a", json, authorization)
        #expect(answer.status == 503)
        #expect(answer["Retry-After"] == "5")
        #expect(try site.ask("POST /channel/a", json).status == 401)
    }

    /// A full disk is for the log to notice, and to notice first when it has room again.
    @Test func fullDiskIsNotJudgedHere() throws {
        var site = site
        site.context.readiness = .full
        _ = try site.accept("POST /channel/a", json, authorization)
    }

    @Test(arguments: ["a", "\"quoted\"", String(repeating: "x", count: 255)])
    func idempotencyKeys(key: String) throws {
        func upload(_ channel: String, _ key: String) throws -> UploadKey? {
            try site.accept("POST /channel/\(channel)", json, authorization, "Idempotency-Key: \(key)").key
        }
        #expect(try upload("a", key) != nil)
        #expect(try upload("a", key) == upload("a", key))
        #expect(try upload("a", key) != upload("b", key))
        #expect(try upload("a", key) != upload("a", "other"))
        #expect(try site.accept("POST /channel/a", json, authorization).key == nil)
    }

    @Test(arguments: ["", "a b", "\u{E9}", String(repeating: "x", count: 256)])
    func brokenIdempotencyKeys(key: String) throws {
        let answer = try site.ask("POST /channel/a", json, authorization, "Idempotency-Key: \(key)")
        #expect(answer.status == 400)
        #expect(answer.problem == "bad-idempotency-key")
    }

    // MARK: The body

    @Test func itemTimes() throws {
        var site = site
        let cases: [(query: String, timestamp: ItemTimestamp)] = [
            ("", .server(Site.now + 700)), ("?timestamp=5", .device(5)), ("?timestamp=0", .device(0)),
            ("?age=0", .device(Site.now)), ("?age=250", .device(Site.now - 250)),
            ("?age=18446744073709551615", .device(0)),
        ]
        for (query, timestamp) in cases {
            site.context.nowMilliseconds = Site.now
            var upload = try site.accept("POST /channel/a\(query)", json, authorization)
            // An age counts from the request's head, the server's own time from the body's end.
            site.context.nowMilliseconds = Site.now + 700
            #expect(try site.finish(&upload, "1").timestamp == timestamp)
            // So an item's stamp is what the answer says, or that less the age.
            #expect(upload.receivedAt == (query.isEmpty ? Site.now + 700 : Site.now))
        }
    }

    @Test(arguments: [("", 0), (" ", 1), ("{", 1), ("{}x", 2), ("[1,]", 3), ("\u{FEFF}1", 0), ("nul", 0)])
    func bodyThatIsNotJSON(body: String, offset: Int) throws {
        var upload = try site.accept("POST /channel/a", json, authorization)
        let (timestamp, answer) = try site.finish(&upload, body)
        #expect(timestamp == nil)
        #expect(answer.status == 400)
        #expect(answer.problem == "invalid-json")
        #expect(
            answer.text.contains(
                "\"accepted\":0,\"rejected\":[{\"index\":0,\"type\":\"urn:syncstreamer:problem:invalid-json\""
            ))
        #expect(answer.text.hasSuffix("}],\"rejectedCount\":1}"))
    }

    @Test func anyOctetsAreAnItem() throws {
        for body in ["", "{", "\u{0}"] {
            var upload = try site.accept(
                "POST /channel/a", "Content-Type: application/octet-stream", authorization)
            #expect(try site.finish(&upload, body).timestamp == .server(Site.now))
        }
    }

    // MARK: The verdict

    @Test func accepted() throws {
        var upload = try site.accept("POST /channel/a", json, authorization)
        _ = try site.finish(&upload, "{}")
        let answer = try site.answer(.accepted(frame: 1_732_310_400_000), upload)
        #expect(answer.status == 200)
        #expect(answer.text == "{\"accepted\":1,\"frame\":\"1732310400000\",\"receivedAt\":1732310405250}")
        #expect(answer["Location"] == "/1732310400000")
        #expect(answer["Content-Type"] == "application/json")
        #expect(answer["Cache-Control"] == "no-store")
        #expect(answer["Access-Control-Allow-Origin"] == "*")
    }

    @Test(arguments: [
        ("return=minimal", true), ("Return = \"minimal\" ; x=1", true), ("wait=5, return=minimal", true),
        ("return=representation, return=minimal", false), ("return=minimal-ish", false), ("minimal", false),
        ("x; return=minimal", false),
    ])
    func minimal(preference: String, isWanted: Bool) throws {
        let upload = try site.accept("POST /channel/a", json, authorization, "Prefer: \(preference)")
        #expect(upload.answerForm == (isWanted ? .minimal : .full))
        let answer = try site.answer(.accepted(frame: 5), upload)
        #expect(answer.status == (isWanted ? 204 : 200))
        #expect(answer.body.isEmpty == isWanted)
        #expect(answer["Location"] == "/5")
        #expect(answer["Preference-Applied"] == (isWanted ? "return=minimal" : nil))
    }

    @Test func minimalIsForSuccess() throws {
        let upload = try site.accept("POST /channel/a", json, authorization, "Prefer: return=minimal")
        #expect(try site.answer(.late(oldestOpen: 7), upload).problem == "late")
    }

    @Test(arguments: [
        (ItemVerdict.late(oldestOpen: 7000), 422, "late", "7000"),
        (.tooFarAhead(limit: 8000), 422, "too-far-ahead", "8000"),
        (.typeConflict(type: Array("vid\"eo".utf8)), 409, "type-conflict", "vid\\\"eo"),
    ])
    func rejected(verdict: ItemVerdict, status: UInt16, problem: String, word: String) throws {
        let upload = try site.accept("POST /channel/a", json, authorization)
        let answer = try site.answer(verdict, upload)
        #expect(answer.status == status)
        #expect(answer.problem == problem)
        #expect(answer.text.contains(word))
        let type = "urn:syncstreamer:problem:\(problem)"
        let start = #""accepted":0,"rejected":[{"index":0,"type":"\#(type)","detail":""#
        #expect(answer.text.contains(start))
        #expect(answer.text.hasSuffix("\"}],\"rejectedCount\":1}"))
        #expect(answer["Location"] == nil)
    }

    @Test(arguments: [
        (ItemVerdict.noSpace, 507, "no-space", "30"), (.logClosed, 503, "unavailable", "5"),
        (.windowFull(end: Site.now + 4001), 503, "window-full", "5"),
        (.windowFull(end: 0), 503, "window-full", "1"),
    ])
    func notStored(verdict: ItemVerdict, status: UInt16, problem: String, seconds: String) throws {
        let upload = try site.accept("POST /channel/a", json, authorization)
        let answer = try site.answer(verdict, upload)
        #expect(answer.status == status)
        #expect(answer.problem == problem)
        #expect(answer["Retry-After"] == seconds)
    }

    /// No status would be true in every case, so none is given.
    @Test func inDoubt() throws {
        let upload = try site.accept("POST /channel/a", json, authorization)
        #expect(try site.answer(.inDoubt, upload).isWithheld)
        #expect(try !site.answer(.logClosed, upload).isWithheld)
    }

    @Test func bodyOverTheLimit() throws {
        let upload = try site.accept("POST /channel/a", json, authorization, "Transfer-Encoding: chunked")
        let (pending, batch) = try site.receive(upload, [UInt8](repeating: 0x31, count: 1001))
        #expect(batch.isEmpty)
        #expect(site.answer(pending).problem == "too-large")
    }
}
