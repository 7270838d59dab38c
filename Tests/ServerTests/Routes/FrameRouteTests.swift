// `GET /{frameId}`: every form, condition and range of a stored frame, and ids that no frame has. The frames
// are real files in the real store; requests are raw octets.

import Bytes
import HTTP
import Posix
import TLS
import Testing

@testable import FrameLog
@testable import Server

@Suite struct FrameRouteTests {
    /// The frames before the window that is open now, the older one without a gzip form.
    private static let plain = Site.now - 5250 - 20_000
    private static let coded = Site.now - 5250 - 10_000

    private let folder: FrameFolder
    private let site: Site
    private let identity: [UInt8]
    private let gzip: [UInt8]
    private let tag: String

    init() throws {
        folder = try FrameFolder(starts: [Self.plain, Self.coded], gzipStarts: [Self.coded])
        site = Site(catalog: FrameCatalog(files: folder.files, retired: RetiredFrames()))
        let octets = try FrameFolder.frame(Self.coded)
        identity = octets
        gzip = try FrameFolder.gzip(octets)
        tag = String(Hex.text(SHA256.digest(of: octets.span).span).prefix(32))
    }

    private func get(_ fields: String...) throws -> Answer {
        try ask("GET", fields)
    }

    private func ask(_ method: String, _ fields: [String]) throws -> Answer {
        try site.ask("\(method) /\(Self.coded)", fields)
    }

    // MARK: Whole

    @Test(arguments: ["GET", "HEAD"])
    func whole(method: String) throws {
        let answer = try site.ask("\(method) /\(Self.coded)")
        #expect(answer.status == 200)
        #expect(answer.body == identity)
        #expect(answer["Content-Type"] == "application/octet-stream")
        #expect(answer["ETag"] == "\"\(tag)\"")
        #expect(answer["Repr-Digest"] == "sha-256=:\(Base64.text(SHA256.digest(of: identity.span).span)):")
        #expect(answer["Last-Modified"] == "Fri, 22 Nov 2024 21:20:00 GMT")
        #expect(answer["Cache-Control"] == "public, max-age=31536000, immutable")
        #expect(answer["Accept-Ranges"] == "bytes")
        #expect(answer["Vary"] == "Accept-Encoding")
        #expect(answer["Cross-Origin-Resource-Policy"] == "cross-origin")
        #expect(answer["Access-Control-Allow-Origin"] == "*")
        #expect(answer["Access-Control-Expose-Headers"]?.contains("Repr-Digest") == true)
        #expect(answer["X-Content-Type-Options"] == "nosniff")
        #expect(answer["Content-Encoding"] == nil)
    }

    @Test func compressed() throws {
        let answer = try get("Accept-Encoding: br, gzip;q=0.8")
        #expect(answer.status == 200)
        #expect(answer.body == gzip)
        #expect(answer["Content-Encoding"] == "gzip")
        #expect(answer["ETag"] == "\"\(tag)-gzip\"")
        #expect(answer["Vary"] == "Accept-Encoding")
        #expect(answer["Last-Modified"] == "Fri, 22 Nov 2024 21:20:00 GMT")
        #expect(answer["Cache-Control"] == "public, max-age=31536000, immutable")
        // RFC 9530: it would have to be the digest of the coded octets.
        #expect(answer["Repr-Digest"] == nil)
    }

    @Test(arguments: ["gzip;q=0", "identity", "br", "gzip;q=0.5, identity", ""])
    func notCompressed(coding: String) throws {
        #expect(try get("Accept-Encoding: \(coding)").body == identity)
    }

    @Test func withoutGzipForm() throws {
        let answer = try site.ask("GET /\(Self.plain)", "Accept-Encoding: gzip")
        #expect(answer.body == (try FrameFolder.frame(Self.plain)))
        #expect(answer["Content-Encoding"] == nil)
    }

    // MARK: Conditions

    @Test func theClientHasIt() throws {
        for condition in [
            "If-None-Match: \"\(tag)\"", "If-None-Match: W/\"\(tag)\"", "If-None-Match: \"x\", \"\(tag)\"",
            "If-None-Match: *", "If-Modified-Since: Fri, 22 Nov 2024 21:20:00 GMT",
        ] {
            let answer = try get(condition)
            #expect(answer.status == 304, "\(condition)")
            #expect(answer.body.isEmpty)
            #expect(answer["ETag"] == "\"\(tag)\"")
            #expect(answer["Cache-Control"] == "public, max-age=31536000, immutable")
            #expect(answer["Vary"] == "Accept-Encoding")
            #expect(answer["Access-Control-Allow-Origin"] == "*")
            #expect(answer["Content-Type"] == nil)
            #expect(try ask("HEAD", [condition]).status == 304)
        }
    }

    /// Either form is the frame: no client transfers what it has because it would now get the other form.
    @Test func theClientHasTheOtherForm() throws {
        let identityKept = try get("Accept-Encoding: gzip", "If-None-Match: \"\(tag)\"")
        #expect(identityKept.status == 304)
        #expect(identityKept["ETag"] == "\"\(tag)\"")
        let gzipKept = try get(
            "Accept-Encoding: gzip", "Range: bytes=0-0", "If-None-Match: W/\"\(tag)-gzip\"")
        #expect(gzipKept.status == 304)
        #expect(gzipKept["ETag"] == "\"\(tag)-gzip\"")
        // But a cache must not hand the gzip form to a client that doesn't accept it.
        #expect(try get("If-None-Match: W/\"\(tag)-gzip\"").status == 200)
    }

    @Test func theClientHasAnother() throws {
        for condition in [
            "If-None-Match: \"x\"", "If-None-Match: \(tag)", "If-None-Match: ",
            "If-Modified-Since: Fri, 22 Nov 2024 21:19:59 GMT", "If-Modified-Since: yesterday",
        ] {
            #expect(try get(condition).status == 200, "\(condition)")
        }
        // RFC 9110 section 13.1.3: the date doesn't count beside a tag.
        #expect(
            try get("If-None-Match: \"x\"", "If-Modified-Since: Fri, 22 Nov 2024 21:20:00 GMT").status == 200)
        #expect(try site.ask("GET /\(Self.plain)", "If-None-Match: \"\(tag)-gzip\"").status == 200)
    }

    @Test func theClientInsists() throws {
        for condition in [
            "If-Match: *", "If-Match: \"\(tag)\"", "If-Unmodified-Since: Fri, 22 Nov 2024 21:20:00 GMT",
        ] {
            #expect(try get(condition).status == 200, "\(condition)")
        }
        for condition in [
            "If-Match: \"x\"", "If-Match: W/\"\(tag)\"", "If-Unmodified-Since: Fri, 22 Nov 2024 21:19:59 GMT",
        ] {
            let answer = try get(condition)
            #expect(answer.status == 412, "\(condition)")
            #expect(answer.problem == "precondition-failed")
            #expect(answer["Cache-Control"] == "no-store")
        }
        #expect(try get("If-Match: \"x\"", "If-None-Match: \"\(tag)\"").status == 412)
    }

    @Test func theClientInsistsOnAForm() throws {
        #expect(try get("If-Match: \"\(tag)\"", "Accept-Encoding: gzip").body == identity)
        #expect(try get("If-Match: \"\(tag)-gzip\"", "Accept-Encoding: gzip").body == gzip)
        #expect(try get("If-Match: \"\(tag)-gzip\"").status == 412)
    }

    // MARK: Ranges

    @Test func oneRange() throws {
        let count = identity.count
        let cases: [(String, Range<Int>)] = [
            ("0-0", 0..<1), ("30-99", 30..<100), ("100-", 100..<count), ("-7", count - 7..<count),
            ("0-999999", 0..<count), ("-999999", 0..<count), ("5-5,", 5..<6),
        ]
        for (range, octets) in cases {
            let answer = try get("Range: bytes=\(range)", "Accept-Encoding: gzip")
            #expect(answer.status == 206, "\(range)")
            #expect(answer.body == Array(identity[octets]))
            #expect(answer["Content-Range"] == "bytes \(octets.lowerBound)-\(octets.upperBound - 1)/\(count)")
            #expect(answer["Content-Type"] == "application/octet-stream")
            #expect(answer["Content-Encoding"] == nil)
            #expect(answer["ETag"] == "\"\(tag)\"")
            #expect(answer["Repr-Digest"] != nil)
            #expect(answer["Cache-Control"] == "public, max-age=31536000, immutable")
            #expect(answer["Vary"] == "Accept-Encoding")
        }
    }

    @Test func severalRanges() throws {
        let count = identity.count
        let answer = try get("Range: bytes=0-1, 10-11,-2")
        #expect(answer.status == 206)
        #expect(answer["Content-Type"] == "multipart/byteranges; boundary=\(tag)")
        #expect(answer["Content-Range"] == nil)
        #expect(answer["ETag"] == "\"\(tag)\"")
        var expected: [UInt8] = []
        for range in [0..<2, 10..<12, count - 2..<count] {
            let start = expected.isEmpty ? "" : "\r\n"
            let position = "\(range.lowerBound)-\(range.upperBound - 1)/\(count)"
            let head =
                "--\(tag)\r\nContent-Type: application/octet-stream\r\n"
                + "Content-Range: bytes \(position)\r\n\r\n"
            expected += Array((start + head).utf8) + identity[range]
        }
        expected += Array("\r\n--\(tag)--\r\n".utf8)
        #expect(answer.body == expected)
    }

    @Test func rangesThatAreIgnored() throws {
        let many = (0..<17).map { "\($0 * 2)-\($0 * 2)" }.joined(separator: ",")
        for range in ["bytes=a-b", "bytes=5-4", "lines=0-1", "bytes=", "bytes=0-9,5-6", "bytes=\(many)"] {
            let answer = try get("Range: \(range)", "Accept-Encoding: gzip")
            #expect(answer.status == 200, "\(range)")
            #expect(answer.body == identity)
        }
        #expect(try ask("HEAD", ["Range: bytes=0-0"]).status == 200)
    }

    @Test func rangesThatLieOutside() throws {
        for range in ["\(identity.count)-", "99999-100000", "-0", "99999-,-0"] {
            let answer = try get("Range: bytes=\(range)")
            #expect(answer.status == 416, "\(range)")
            #expect(answer.problem == "range-not-satisfiable")
            #expect(answer["Content-Range"] == "bytes */\(identity.count)")
            #expect(answer["Cache-Control"] == "no-store")
        }
    }

    @Test func rangesUnderACondition() throws {
        let range = "Range: bytes=0-0"
        for condition in ["\"\(tag)\"", "Fri, 22 Nov 2024 21:20:00 GMT"] {
            #expect(try get(range, "If-Range: \(condition)").status == 206, "\(condition)")
        }
        for condition in [
            "\"x\"", "W/\"\(tag)\"", "\"\(tag)-gzip\"", "Fri, 22 Nov 2024 21:20:01 GMT", "x", "",
        ] {
            #expect(try get(range, "If-Range: \(condition)").body == identity, "\(condition)")
        }
        // The other conditions come first (RFC 9110 section 13.2.2).
        #expect(try get(range, "If-None-Match: \"\(tag)\"").status == 304)
        #expect(try get(range, "If-Match: \"x\"").status == 412)
    }

    // MARK: Frames that are not

    @Test(arguments: [
        "00", "01732310390000", "18446744073709551616", "1732310390000x", "1732310390000/", "1e3", "%31",
    ])
    func noCanonicalID(path: String) throws {
        let answer = try site.ask("GET /\(path)")
        #expect(answer.status == 404)
        #expect(answer.problem == "unknown-path")
        #expect(answer["Cache-Control"] == "no-store")
    }

    @Test func unknownAndWhenToAskAgain() throws {
        let open = Site.now - 5250
        let cases: [(id: UInt64, seconds: String?)] = [
            (open, "5"), (open + 10_000, "15"), (open + 20_000, nil), (open + 1, nil), (open - 100_000, nil),
            (0, nil),
            (.max, nil), (Self.plain - 10_000, nil),
        ]
        for (id, seconds) in cases {
            let answer = try site.ask("GET /\(id)")
            #expect(answer.status == 404, "\(id)")
            #expect(answer.problem == "unknown-frame")
            #expect(answer["Retry-After"] == seconds, "\(id)")
            #expect(answer["Cache-Control"] == "no-store")
        }
    }

    @Test func latenessPutsTheSealOff() throws {
        var site = Site(catalog: site.context.catalog, latenessMilliseconds: 7000)
        #expect(try site.ask("GET /\(Site.now - 5250)")["Retry-After"] == "12")
        site.context.nowMilliseconds += 4750
        #expect(try site.ask("GET /\(Site.now - 5250)")["Retry-After"] == "7")
    }

    /// A window that has just ended is being sealed; one that stayed away is a hole.
    @Test func justEnded() throws {
        var site = site
        let open = Site.now - 5250
        site.context.nowMilliseconds = open + 10_000
        #expect(try site.ask("GET /\(open)")["Retry-After"] == "1")
        site.context.nowMilliseconds = open + 19_999
        #expect(try site.ask("GET /\(open)")["Retry-After"] == "1")
        site.context.nowMilliseconds = open + 20_000
        #expect(try site.ask("GET /\(open)")["Retry-After"] == nil)
    }

    @Test func removed() throws {
        let first = Self.plain - 30_000
        var retired = RetiredFrames()
        for index: UInt64 in 0..<3 {
            retired.add(start: first + index * 10_000, end: first + index * 10_000 + 10_000)
        }
        let site = Site(catalog: FrameCatalog(files: folder.files, retired: retired))
        let answer = try site.ask("GET /\(first)")
        #expect(answer.status == 410)
        #expect(answer.problem == "removed-frame")
        #expect(answer.text.hasSuffix(",\"earliest\":\"\(Self.plain)\",\"latest\":\"\(Self.coded)\"}"))
        #expect(answer["Cache-Control"] == "no-store")
        #expect(try site.ask("GET /\(first + 1)").status == 404)
        #expect(try site.ask("GET /\(first - 10_000)").status == 404)
    }

    @Test func allRemoved() throws {
        var retired = RetiredFrames()
        retired.add(start: Self.plain, end: Self.coded)
        let site = Site(catalog: FrameCatalog(files: [], retired: retired))
        let answer = try site.ask("GET /\(Self.plain)")
        #expect(answer.status == 410)
        #expect(!answer.text.contains("\"earliest\""))
    }

    /// Its file can be gone while the catalog at hand still lists it.
    @Test func removedMeanwhile() throws {
        try folder.removeFiles()
        for answer in [try get(), try get("Range: bytes=0-0")] {
            #expect(answer.status == 410)
            #expect(answer.problem == "removed-frame")
            #expect(answer["ETag"] == nil)
            #expect(answer.failure?.hasPrefix("frame \(Self.coded): open ") == true)
        }
    }

    @Test func unreadable() throws {
        try folder.breakFiles()
        for answer in [try get(), try get("Range: bytes=0-0")] {
            #expect(answer.status == 500)
            #expect(answer.problem == "internal-fault")
            #expect(answer["Cache-Control"] == "no-store")
            #expect(answer["ETag"] == nil)
            #expect(answer.failure?.hasPrefix("frame \(Self.coded): open ") == true)
            #expect(!answer.text.contains("/tmp"))
        }
        // What needs no octets is still answered.
        #expect(try get("If-None-Match: \"\(tag)\"").status == 304)
    }
}
