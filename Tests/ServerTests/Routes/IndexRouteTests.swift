// `GET /frame`: the whole index in both forms, its pages, and the links between them. The frames are real
// stored ones.

import Testing

@testable import FrameLog
@testable import Server

@Suite struct IndexRouteTests {
    private let folder: FrameFolder
    private let site: Site

    init() throws {
        folder = try FrameFolder(starts: [0, 10_000, 20_000, 40_000, 50_000])
        site = Site(catalog: FrameCatalog(files: folder.files, retired: RetiredFrames()))
    }

    private func json(_ starts: [UInt64]) -> String {
        let objects = starts.map { #"{"startAt":\#($0),"endAt":\#($0 + 10_000),"id":"\#($0)"}"# }
        return "[\(objects.joined(separator: ","))]"
    }

    @Test(arguments: [
        "GET /frame", "HEAD /frame", "GET /frame?", "GET /frame?unknown=1&x", "GET /frame?%zz=1",
    ])
    func whole(line: String) throws {
        let answer = try site.ask(line)
        #expect(answer.status == 200)
        #expect(answer.text == json([50_000, 40_000, 20_000, 10_000, 0]))
        #expect(answer["Content-Type"] == "application/json")
        #expect(answer["Cache-Control"] == "no-store")
        #expect(answer["Vary"] == "Accept-Encoding")
        #expect(answer["Access-Control-Allow-Origin"] == "*")
        #expect(answer["X-Content-Type-Options"] == "nosniff")
        #expect(answer["Content-Encoding"] == nil)
        #expect(answer["Link"] == nil)
    }

    @Test func compressed() throws {
        let answer = try site.ask("GET /frame", "Accept-Encoding: gzip")
        #expect(answer["Content-Encoding"] == "gzip")
        #expect(answer["Vary"] == "Accept-Encoding")
        #expect(answer.body == site.context.catalog.index.gzip)
        #expect(try site.ask("GET /frame", "Accept-Encoding: gzip;q=0")["Content-Encoding"] == nil)
    }

    /// A page that is large enough to gain from it; what is said of it is what is said without.
    @Test func compressedPages() throws {
        let starts = (0..<100).map { UInt64($0) * 10_000 }
        let files = try FrameFolder(starts: starts)
        let site = Site(catalog: FrameCatalog(files: files.files, retired: RetiredFrames()))
        for query in ["limit=90", "from=5000&to=985000", "to=800000"] {
            let plain = try site.ask("GET /frame?\(query)")
            let answer = try site.ask("GET /frame?\(query)", "Accept-Encoding: gzip")
            #expect(answer["Content-Encoding"] == "gzip" && plain["Content-Encoding"] == nil)
            #expect(answer["Vary"] == "Accept-Encoding" && answer["Link"] == plain["Link"])
            #expect(try FrameFolder.gunzip(answer.body) == plain.body)
            #expect(answer.body.count * 2 < plain.body.count)
        }
        #expect(try site.ask("GET /frame?limit=10", "Accept-Encoding: gzip")["Content-Encoding"] == nil)
        #expect(try site.ask("GET /frame?limit=90", "Accept-Encoding: br")["Content-Encoding"] == nil)
    }

    @Test func empty() throws {
        let site = Site()
        #expect(try site.ask("GET /frame").text == "[]")
        #expect(try site.ask("GET /frame", "Accept-Encoding: gzip").text == "[]")
        #expect(try site.ask("GET /frame?limit=1").text == "[]")
    }

    @Test(arguments: [
        ("from=20000", [50_000, 40_000, 20_000]), ("from=20001", [50_000, 40_000, 20_000]),
        ("from=30000", [50_000, 40_000]),
        ("from=35000", [50_000, 40_000]), ("from=60000", []), ("from=59999", [50_000]),
        ("to=20000", [10_000, 0]), ("to=20001", [20_000, 10_000, 0]), ("to=0", []), ("to=1", [0]),
        ("from=10000&to=20000", [10_000]), ("from=15000&to=15001", [10_000]),
        ("from=15000&to=15000", [10_000]),
        ("to=40000&from=30000", []), ("from=0&to=18446744073709551615", [50_000, 40_000, 20_000, 10_000, 0]),
        ("limit=5", [50_000, 40_000, 20_000, 10_000, 0]),
        ("limit=18446744073709551615", [50_000, 40_000, 20_000, 10_000, 0]),
        ("%66rom=%320000", [50_000, 40_000, 20_000]),
    ])
    func ranges(query: String, starts: [UInt64]) throws {
        let answer = try site.ask("GET /frame?\(query)")
        #expect(answer.status == 200)
        #expect(answer.text == json(starts))
        #expect(answer["Link"] == nil)
        #expect(answer["Content-Type"] == "application/json")
        #expect(answer["Vary"] == "Accept-Encoding")
    }

    @Test func pagesFollowEachOther() throws {
        var target = "/frame?from=5000&limit=2"
        var pages: [String] = []
        while pages.count < 10 {
            let answer = try site.ask("GET \(target)")
            pages.append(answer.text)
            guard let link = answer["Link"] else { break }
            #expect(link.hasPrefix("</frame?") && link.hasSuffix(">; rel=\"next\""))
            target = String(link.dropFirst().prefix { $0 != ">" })
        }
        #expect(pages == [json([50_000, 40_000]), json([20_000, 10_000]), json([0])])
    }

    /// A frame sealed between two pages shifts nothing.
    @Test func pagesWhileFramesArrive() throws {
        let first = try site.ask("GET /frame?limit=2")
        #expect(first["Link"] == "</frame?to=40000&limit=2>; rel=\"next\"")
        let more = try FrameFolder(starts: [0, 10_000, 20_000, 40_000, 50_000, 60_000])
        let later = Site(catalog: FrameCatalog(files: more.files, retired: RetiredFrames()))
        #expect(try later.ask("GET /frame?to=40000&limit=2").text == json([20_000, 10_000]))
    }

    @Test(arguments: [
        "from=", "from", "from=x", "from=-1", "from=1.0", "from=1&from=1", "to=", "to=%zz", "to=1&to=2",
        "from=18446744073709551616", "limit=", "limit=0", "limit=-1", "limit=1&limit=1", "from=2&to=1",
        "limit=%0D%0AX:1",
    ])
    func brokenParameters(query: String) throws {
        let answer = try site.ask("GET /frame?\(query)")
        #expect(answer.status == 400)
        #expect(answer.problem == "bad-parameter")
        #expect(answer["Cache-Control"] == "no-store")
    }
}
