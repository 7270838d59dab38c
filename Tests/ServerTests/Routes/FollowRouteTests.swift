// What leads to frames as they come. The frames are real stored ones.

import Testing

@testable import FrameLog
@testable import Server

@Suite struct FollowRouteTests {
    private let folder: FrameFolder
    private let site: Site
    /// The same with frames before those that were removed: at 0 to 20 s.
    private let later: Site

    init() throws {
        folder = try FrameFolder(starts: [30_000, 40_000, 60_000])
        site = Site(catalog: FrameCatalog(files: folder.files, retired: RetiredFrames()))
        var retired = RetiredFrames()
        for start: UInt64 in [0, 10_000, 20_000] { retired.add(start: start, end: start + 10_000) }
        later = Site(catalog: FrameCatalog(files: folder.files, retired: retired))
    }

    private func object(_ start: UInt64) -> String {
        #"{"startAt":\#(start),"endAt":\#(start + 10_000),"id":"\#(start)"}"#
    }

    // MARK: The next frame

    @Test(arguments: [(0, 30_000), (29_999, 30_000), (30_000, 40_000), (40_000, 60_000), (45_000, 60_000)])
    func after(id: UInt64, next: UInt64) throws {
        for line in ["GET /frame/after/\(id)", "GET /frame/after/\(id)?wait=60", "HEAD /frame/after/\(id)"] {
            let answer = try site.ask(line)
            #expect(answer.status == 200 && answer.text == object(next))
            #expect(answer["Cache-Control"] == "public, max-age=31536000, immutable")
            #expect(answer["Content-Type"] == "application/json")
        }
    }

    @Test(arguments: [60_000, 70_000, UInt64.max])
    func nothingFollowsYet(id: UInt64) throws {
        for query in ["", "?wait=0", "?wait=00", "?other=1"] {
            let answer = try site.ask("GET /frame/after/\(id)\(query)")
            #expect(answer.status == 204 && answer.body.isEmpty)
            #expect(answer["Cache-Control"] == "no-store")
        }
        #expect(
            try site.follow("GET /frame/after/\(id)?wait=7") == .frame(after: id, waitMilliseconds: 7000))
    }

    @Test func whatWasRemovedCantBeFollowed() throws {
        for id: UInt64 in [0, 10_000, 19_999] {
            let answer = try later.ask("GET /frame/after/\(id)?wait=1")
            #expect(answer.status == 410 && answer.problem == "removed-frame")
            #expect(answer.text.contains(#""earliest":"30000","latest":"60000""#))
            #expect(answer["Cache-Control"] == "no-store")
        }
        // Nothing that follows it was removed.
        #expect(try later.ask("GET /frame/after/20000").text == object(30_000))
    }

    @Test(arguments: ["wait=61", "wait=-1", "wait=x", "wait=", "wait", "wait=1.5", "wait=1&wait=1"])
    func aWaitIsWholeSeconds(query: String) throws {
        let answer = try site.ask("GET /frame/after/60000?\(query)")
        #expect(answer.status == 400 && answer.problem == "bad-parameter")
    }

    @Test(arguments: [
        "/frame/after/", "/frame/after/x", "/frame/after/01", "/frame/after/1/2", "/frame/at/",
        "/frame/at/-1",
        "/frame/latest/", "/frame/next", "/30000/", "/30000/channel", "/30000/channel/", "/30000/channel/a/b",
        "/30000x/channel/a", "/030000/channel/a",
    ])
    func otherPathsAreNothing(path: String) throws {
        #expect(try site.ask("GET \(path)").problem == "unknown-path")
    }

    /// The answer would have to wait, and so would the body.
    @Test func whoWaitsSendsNoBody() throws {
        let fields = ["Content-Length: 1"]
        #expect(try site.ask("GET /frame/after/60000?wait=1", fields).status == 400)
        #expect(try site.ask("GET /channel/a", fields).status == 400)
        #expect(try site.ask("GET /frame/after/30000?wait=1", fields).status == 200)
    }

    @Test func aServerThatStopsLetsNobodyWait() throws {
        var site = site
        site.context.readiness = .draining
        #expect(try site.ask("GET /frame/after/60000?wait=1").status == 204)
        #expect(try site.ask("GET /channel/a").status == 503)
        #expect(try site.ask("GET /frame", "Accept: text/event-stream").status == 503)
    }

    // MARK: Redirects

    @Test func latest() throws {
        let answer = try site.ask("GET /frame/latest")
        #expect(
            answer.status == 307 && answer["Location"] == "/60000" && answer["Cache-Control"] == "no-store")
        let none = try Site().ask("GET /frame/latest")
        #expect(none.problem == "unknown-frame" && none["Retry-After"] == "10")
    }

    @Test(arguments: [(30_000, 30_000), (39_999, 30_000), (40_000, 40_000), (69_999, 60_000)])
    func at(time: UInt64, id: UInt64) throws {
        let answer = try site.ask("GET /frame/at/\(time)")
        #expect(
            answer.status == 307 && answer["Location"] == "/\(id)" && answer["Cache-Control"] == "no-store")
    }

    @Test func atAMomentWithoutFrame() throws {
        for time: UInt64 in [29_999, 55_000, 70_000, UInt64.max] {
            let answer = try site.ask("GET /frame/at/\(time)")
            #expect(answer.problem == "unknown-frame" && answer["Retry-After"] == nil)
        }
        #expect(try later.ask("GET /frame/at/15000").problem == "removed-frame")
        let open = try site.ask("GET /frame/at/\(Site.now)")
        #expect(open.problem == "unknown-frame" && open["Retry-After"] == "5")
    }

    // MARK: Event streams

    @Test func framesAsEvents() throws {
        let accept = "Accept: text/event-stream"
        #expect(try site.follow("GET /frame", accept) == .frames(after: 60_000))
        #expect(try site.follow("GET /frame", accept, "Last-Event-ID: 30000") == .frames(after: 30_000))
        #expect(try site.follow("GET /frame", accept, "Last-Event-ID: ") == .frames(after: 60_000))
        #expect(try Site().follow("GET /frame", accept) == .frames(after: 0))
        #expect(try later.follow("GET /frame", accept, "Last-Event-ID: 20000") == .frames(after: 20_000))
        #expect(try later.ask("GET /frame", accept, "Last-Event-ID: 10000").problem == "removed-frame")
        #expect(try site.ask("GET /frame", accept, "Last-Event-ID: x").problem == "bad-parameter")
    }

    @Test(arguments: ["*/*", "application/json", "text/*", "text/event-stream;q=0"])
    func theIndexIsJSONUnlessEventsAreAskedFor(accept: String) throws {
        #expect(try site.ask("GET /frame", "Accept: \(accept)")["Content-Type"] == "application/json")
    }

    @Test func itemsAsEvents() throws {
        let id = Array("a b".utf8)
        for fields in [
            [], ["Accept: */*"], ["Accept: text/html, text/*;q=0.1"], ["Accept: TEXT/event-stream"],
        ] {
            #expect(try site.follow("GET /channel/a%20b", fields) == .items(channelID: id))
        }
        for accept in ["application/json", "text/html", "text/event-stream;q=0, */*", "*/*;q=0"] {
            let answer = try site.ask("GET /channel/a", "Accept: \(accept)")
            #expect(answer.status == 406 && answer.problem == "not-acceptable")
        }
        #expect(try site.ask("GET /channel/%00").problem == "bad-channel")
    }

    @Test func theHeadOfAStream() throws {
        for (path, fields) in [("/channel/a", []), ("/frame", ["Accept: text/event-stream"])] {
            let answer = try site.ask("HEAD \(path)", fields)
            #expect(answer.status == 200 && answer["Content-Type"] == "text/event-stream")
            #expect(answer["Cache-Control"] == "no-store" && answer["X-Accel-Buffering"] == "no")
        }
    }

    // MARK: Channels of frames

    @Test func aChannelOfAFrame() throws {
        let answer = try site.ask("GET /30000/channel/%61", "Accept-Encoding: gzip")
        // It has no other channel.
        #expect(answer.body == (try FrameFolder.frame(30_000)))
        #expect(answer.status == 200 && answer["Cache-Control"] == "public, max-age=31536000, immutable")
        #expect(answer["Content-Type"] == "application/octet-stream" && answer["Content-Encoding"] == nil)
        let tag = try #require(answer["ETag"])
        #expect(answer["Last-Modified"] == "Thu, 01 Jan 1970 00:00:40 GMT")
        let unchanged = try site.ask("GET /30000/channel/a", "If-None-Match: W/\(tag)")
        #expect(unchanged.status == 304 && unchanged["ETag"] == tag && unchanged.body.isEmpty)
        #expect(try site.ask("GET /30000/channel/a", "If-Match: \"x\"").status == 412)
    }

    @Test func aChannelThatAFrameDoesntHave() throws {
        let answer = try site.ask("GET /30000/channel/other")
        #expect(answer.status == 200 && answer["Cache-Control"] == "public, max-age=31536000, immutable")
        #expect(answer.body.count == 30 + 16 + 5)
    }

    @Test func channelsOfNoFrame() throws {
        #expect(try site.ask("GET /50000/channel/a").problem == "unknown-frame")
        #expect(try later.ask("GET /10000/channel/a").problem == "removed-frame")
        #expect(try site.ask("GET /30000/channel/%FF").problem == "bad-channel")
        #expect(try site.ask("POST /30000/channel/a").problem == "method-not-allowed")
    }

    @Test func aFileThatIsGone() throws {
        try folder.removeFiles()
        #expect(try site.ask("GET /30000/channel/a").problem == "removed-frame")
    }
}
