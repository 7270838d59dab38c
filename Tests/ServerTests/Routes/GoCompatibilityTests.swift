// What the Go server's clients find under the names that they know, and that nobody else finds it.

import Bytes
import Testing

@testable import FrameLog
@testable import Server

@Suite struct GoCompatibilityTests {
    private let site = Site(isGoCompatible: true)
    private let authorization = "Authorization: Bearer \(Site.secret)"
    private let json = "Content-Type: application/json"

    // MARK: Names

    @Test(arguments: [
        ("/event/a", Resource.event(7..<8)), ("/event/a%2Fb", .event(7..<12)),
        ("/channel/a", .channel(9..<10)),
        ("/frame/0", .frame(0)), ("/frame/1732310400000", .frame(1_732_310_400_000)), ("/5", .frame(5)),
        ("/frame", .index),
    ])
    func names(path: String, resource: Resource) {
        #expect(Resource(path: Array(path.utf8).span, isGoCompatible: true) == resource)
    }

    @Test(arguments: [
        "/event", "/event/", "/event/a/b", "/Event/a", "/frame/", "/frame/01", "/frame/0x10", "/frame/-1",
        "/frame/1/",
        "/frame/18446744073709551616", "/frames/1",
    ])
    func noNames(path: String) {
        #expect(Resource(path: Array(path.utf8).span, isGoCompatible: true) == .unknown)
    }

    @Test(arguments: ["POST /event/a", "GET /event/a", "GET /frame/0"])
    func withoutTheOptionTheyAreUnknown(line: String) throws {
        #expect(try Site().ask(line, json, authorization).problem == "unknown-path")
    }

    @Test func methods() throws {
        for (path, methods) in [("/event/a", "POST, OPTIONS"), ("/frame/0", "GET, HEAD, OPTIONS")] {
            #expect(try site.ask("OPTIONS \(path)")["Allow"] == methods)
            let answer = try site.ask("PUT \(path)")
            #expect(answer.status == 405)
            #expect(answer["Allow"] == methods)
        }
        #expect(try site.ask("OPTIONS /event/a")["Accept-Post"] != nil)
        #expect(try site.ask("GET /event/a").status == 405)
    }

    @Test func aFrameByEitherName() throws {
        let folder = try FrameFolder(starts: [0, 10_000])
        let catalog = FrameCatalog(files: folder.files, retired: RetiredFrames(), members: .go)
        let site = Site(catalog: catalog, isGoCompatible: true)
        let (known, go) = (try site.ask("GET /10000"), try site.ask("GET /frame/10000"))
        #expect(go.status == 200)
        #expect(go.body == known.body)
        #expect(go["ETag"] == known["ETag"])
        #expect(go["Cache-Control"] == "public, max-age=31536000, immutable")
        #expect(try site.ask("GET /frame/20000").problem == "unknown-frame")
        #expect(
            try site.ask("GET /frame").text
                == #"[{"StartAt":10000,"EndAt":20000,"Id":"10000"},{"StartAt":0,"EndAt":10000,"Id":"0"}]"#)
        #expect(try site.ask("GET /frame?limit=1").text == #"[{"StartAt":10000,"EndAt":20000,"Id":"10000"}]"#)
    }

    // MARK: Posts

    @Test func anEventIsAnItemOfAChannel() throws {
        let event = try site.accept("POST /event/r%20m?type=led&timestamp=5", json, authorization)
        let item = try site.accept("POST /channel/r%20m?type=led&timestamp=5", json, authorization)
        #expect(event.channelID.span.copied() == item.channelID.span.copied())
        #expect(event.channelType == Array("led".utf8))
        #expect(event.deviceTimestamp == 5)
        #expect(event.body == .json)
    }

    /// The demo generator never reads an answer's body, and Go's client gives a connection up that has one.
    @Test func whatWasTakenIsAnsweredWithoutABody() throws {
        let answer = try site.answer(
            .accepted(frame: 10_000), site.accept("POST /event/a", json, authorization))
        #expect(answer.status == 200)
        #expect(answer.body.isEmpty)
        #expect(answer["Content-Type"] == nil)
        #expect(answer["Location"] == "/10000")
        #expect(answer["Preference-Applied"] == nil)
        let minimal = try site.accept("POST /event/a", json, authorization, "Prefer: return=minimal")
        #expect(try site.answer(.accepted(frame: 10_000), minimal).status == 204)
        let item = try site.accept("POST /channel/a", json, authorization)
        #expect(try site.answer(.accepted(frame: 10_000), item).text.hasPrefix(#"{"accepted":1"#))
    }

    @Test func whatWasNotTakenSaysSo() throws {
        let late = ItemVerdict.late(oldestOpen: 20_000)
        let answer = try site.answer(late, site.accept("POST /event/a", json, authorization))
        #expect(answer.status == 422)
        #expect(answer.problem == "late")
        #expect(try site.ask("POST /event/a", json).status == 401)
        #expect(try site.ask("POST /event/a", authorization).status == 415)
    }
}
