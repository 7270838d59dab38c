// Streams of items without a network: what becomes of each item, what an answer says of it, and how much is
// held. The log is played by the test.

import Bytes
import Compression
import HTTP
import Testing

@testable import FrameLog
@testable import Server

@Suite struct PendingUploadTests {
    private let site = Site()
    private let authorization = "Authorization: Bearer \(Site.secret)"

    private func lines(_ fields: String...) throws -> Upload {
        try site.accept("POST /channel/a", ["Content-Type: application/x-ndjson", authorization] + fields)
    }

    @Test func linesAreItems() throws {
        let (pending, batch) = try site.receive(lines(), Array("1\n{\"a\":[]}\r\n\n\"x\"".utf8))
        #expect(batch.count == 3)
        #expect(!pending.isDecided)
        site.decide(pending, batch) { .accepted(frame: $0 < 2 ? 10_000 : 20_000) }
        let answer = site.answer(pending)
        #expect(answer.status == 200)
        #expect(answer.text == "{\"accepted\":3,\"frame\":\"20000\",\"receivedAt\":\(Site.now)}")
        #expect(answer["Location"] == "/20000")
    }

    @Test func anItemThatIsNoneIsRefusedAlone() throws {
        let (pending, batch) = try site.receive(
            lines(), Array("1\nx\n2\n\(String(repeating: "1", count: 1001))\n3".utf8))
        #expect(batch.count == 3)
        site.decide(pending, batch) { $0 == 1 ? .late(oldestOpen: 7) : .accepted(frame: 10_000) }
        let answer = site.answer(pending)
        #expect(answer.status == 200)
        #expect(
            answer.text.hasPrefix(
                "{\"accepted\":2,\"frame\":\"10000\",\"receivedAt\":\(Site.now),\"rejected\":["))
        // In the body's order, whoever found it.
        let indexes = answer.text.split(separator: "\"index\":").dropFirst().map { $0.prefix { $0 != "," } }
        #expect(indexes == ["1", "2", "3"])
        for name in ["invalid-json", "late", "too-large"] {
            #expect(answer.text.contains(":problem:\(name)\""))
        }
        #expect(answer.text.hasSuffix("],\"rejectedCount\":3}"))
    }

    @Test func minimalIsForWhatWasTakenWhole() throws {
        for (body, status) in [("1\n2", 204), ("1\nx", 200)] as [(String, UInt16)] {
            let (pending, batch) = try site.receive(lines("Prefer: return=minimal"), Array(body.utf8))
            site.decide(pending, batch) { _ in .accepted(frame: 5) }
            #expect(site.answer(pending).status == status)
        }
    }

    @Test func nothingAcceptedIsTheFirstItemsProblem() throws {
        let (pending, batch) = try site.receive(lines(), Array("1\nx\n".utf8))
        site.decide(pending, batch) { _ in .late(oldestOpen: 7) }
        let answer = site.answer(pending)
        #expect(answer.status == 422)
        #expect(answer.problem == "late")
        #expect(answer.text.contains("\"accepted\":0,\"rejected\":[{\"index\":0,"))
        #expect(answer.text.hasSuffix("],\"rejectedCount\":2}"))
    }

    @Test(arguments: ["", "\n", " \r\n\n"])
    func noItem(body: String) throws {
        let (pending, batch) = try site.receive(lines(), Array(body.utf8))
        #expect(batch.isEmpty)
        #expect(site.answer(pending).status == 400)
        #expect(site.answer(pending).problem == "empty-body")
    }

    @Test func ofManyRejectionsTheFirstHundredAreListed() throws {
        let body = String(repeating: "x\n", count: 150) + "1\n" + String(repeating: "x\n", count: 1000)
        let (pending, batch) = try site.receive(lines(), Array(body.utf8))
        site.decide(pending, batch) { _ in .accepted(frame: 5) }
        let text = site.answer(pending).text
        #expect(text.split(separator: "\"index\":").count == 101)
        #expect(text.contains("\"index\":99,"))
        #expect(text.hasSuffix("\"rejectedCount\":1150}"))
    }

    /// The log is asked to take a bounded number of items at a time; the rest waits where TCP holds the
    /// device up.
    @Test func itemsWaitForTheLog() throws {
        let pending = try PendingUpload(lines())
        var batch = ItemBatch()
        pending.take(Array(String(repeating: "1\n", count: 3 * UploadLimits.inFlightItemsMax).utf8).span)
        pending.finishContent()
        for round in 1...3 {
            #expect(!pending.work(into: &batch, ticket: 1, site.context))
            #expect(batch.count == round * UploadLimits.inFlightItemsMax)
            #expect(pending.isWaitingForLog)
            for _ in 0..<UploadLimits.inFlightItemsMax {
                pending.decide(.accepted(frame: 5), byteCount: 1, nowMilliseconds: 0)
            }
        }
        #expect(!pending.work(into: &batch, ticket: 1, site.context))
        #expect(pending.isDecided)
        #expect(pending.tally.acceptedCount == UInt64(3 * UploadLimits.inFlightItemsMax))
    }

    /// A loop uses an upload that was answered for the next one.
    @Test func anUploadThatIsUsedAgainKnowsNothingOfTheOneBefore() throws {
        var keyed = ["Idempotency-Key: k", "Content-Encoding: gzip"]
        for body in ["1\nx\n2\n", "1\nx"] {
            let upload = try site.accept(
                "POST /channel/before?type=t", ["Content-Type: application/x-ndjson", authorization] + keyed)
            keyed = []
            let pending = try PendingUpload(upload)
            var batch = ItemBatch()
            pending.accessPath = Array("/channel/before".utf8)
            pending.take(Array(body.utf8).span)
            while pending.work(into: &batch, ticket: 1, site.context) {}
            if upload.key != nil { pending.decide(.keysFull, byteCount: 0, nowMilliseconds: 0) }
            pending.end(.cutOff)
            site.decide(pending, upload.key == nil ? batch : ItemBatch()) { _ in .noSpace }
            #expect(pending.isDecided)

            try pending.reuse(for: try lines("Prefer: return=minimal"), startedAt: 7)
            let fresh = try PendingUpload(try lines("Prefer: return=minimal"), startedAt: 7)
            for next in [pending, fresh] {
                #expect(next.startedAt == 7 && next.ending == nil && next.accessPath.isEmpty)
                #expect(!next.isWaitingForLog && !next.isDecided)
                var batch = ItemBatch()
                next.take(Array("5\n6".utf8).span)
                next.finishContent()
                while next.work(into: &batch, ticket: 2, site.context) {}
                #expect(batch.count == 2)
                let records = batch.records
                #expect(records.contains(UInt8(ascii: "6")) && !records.contains(UInt8(ascii: "1")))
                site.decide(next, batch) { _ in .accepted(frame: 5) }
                #expect(site.answer(next).status == 204)
            }
        }
    }

    @Test func aFullDiskEndsAStream() throws {
        let (pending, batch) = try site.receive(lines(), Array("1\n2\n3\n".utf8))
        site.decide(pending, batch) { $0 == 0 ? .accepted(frame: 5) : .noSpace }
        let answer = site.answer(pending)
        #expect(answer.status == 507)
        #expect(answer["Retry-After"] == "30")
        #expect(answer.text.contains("\"accepted\":1,\"frame\":\"5\""))
        #expect(answer.text.hasSuffix("\"rejectedCount\":2}"))
    }

    @Test func oneItemInDoubtWithholdsTheAnswer() throws {
        let (pending, batch) = try site.receive(lines(), Array("1\n2\n".utf8))
        site.decide(pending, batch) { $0 == 0 ? .accepted(frame: 5) : .inDoubt }
        #expect(site.answer(pending).isWithheld)
    }

    @Test(arguments: [
        (UploadEnding.cutOff, 400, "torn-body"), (.timedOut, 408, "timeout"), (.draining, 503, "unavailable"),
        (.malformed(RequestFault(400, "x")), 400, "malformed-request"),
    ])
    func whatCameBeforeTheEndCounts(ending: UploadEnding, status: UInt16, problem: String) throws {
        let pending = try PendingUpload(lines())
        var batch = ItemBatch()
        pending.take(Array("1\n2\n3".utf8).span)
        #expect(!pending.work(into: &batch, ticket: 1, site.context))
        pending.end(ending)
        #expect(!pending.isDecided)
        site.decide(pending, batch) { _ in .accepted(frame: 5) }
        let answer = site.answer(pending)
        #expect(answer.status == status)
        #expect(answer.problem == problem)
        #expect(answer.text.contains("\"accepted\":2,\"frame\":\"5\""))
    }

    @Test func recordsBringTheirTimes() throws {
        let upload = try site.accept(
            "POST /channel/a", "Content-Type: application/vnd.syncstreamer.items", authorization)
        var body: [UInt8] = []
        for (timestamp, data) in [(Site.now - 5, "a"), (0, "b")] as [(UInt64, String)] {
            body.append(bigEndian: timestamp)
            body.append(bigEndian: UInt64(data.utf8.count))
            body += Array(data.utf8)
        }
        let (_, batch) = try site.receive(upload, body)
        #expect(batch.count == 2)
        let (torn, _) = try site.receive(upload, body.dropLast())
        #expect(torn.ending == .tornRecord)
    }

    @Test func aFullWindowEndsAStream() throws {
        let (pending, batch) = try site.receive(lines(), Array("1\n2\n3\n".utf8))
        site.decide(pending, batch) { $0 == 0 ? .accepted(frame: 5) : .windowFull(end: Site.now + 4001) }
        let answer = site.answer(pending)
        #expect(answer.status == 503)
        #expect(answer.problem == "window-full")
        #expect(answer["Retry-After"] == "5")
        #expect(answer.text.contains("\"accepted\":1,\"frame\":\"5\""))
    }

    // MARK: gzip

    private func gzip(_ text: String) throws -> [UInt8] {
        var coded = Buffer()
        var encoder = try GzipEncoder()
        encoder.update(Array(text.utf8).span, into: &coded)
        encoder.finish(into: &coded)
        return coded.octets.copied()
    }

    @Test func gzipIsInflatedInEveryForm() throws {
        for (type, body, count) in [
            ("application/json", "[1]", 1), ("application/octet-stream", "x", 1),
            ("application/x-ndjson", "1\n2", 2),
        ] {
            let upload = try site.accept(
                "POST /channel/a", "Content-Type: \(type)", authorization, "Content-Encoding: gzip")
            let (pending, batch) = try site.receive(upload, gzip(body))
            #expect(batch.count == count)
            #expect(pending.ending == .complete)
        }
    }

    @Test func brokenGzipKeepsWhatCameBefore() throws {
        let octets = try gzip(String(repeating: "1\n", count: 100))
        let upload = try lines("Content-Encoding: gzip")
        #expect(try site.receive(upload, octets.dropLast()).pending.ending == .corruptGzip)
        #expect(try site.receive(upload, octets + [1]).pending.ending == .corruptGzip)
        #expect(try site.receive(upload, Array("1\n".utf8)).pending.ending == .corruptGzip)
        let (pending, batch) = try site.receive(upload, octets.dropLast())
        site.decide(pending, batch) { _ in .accepted(frame: 5) }
        #expect(site.answer(pending).text.contains("\"accepted\":100,"))
    }

    @Test func gzipIsMeasuredInflated() throws {
        let upload = try site.accept(
            "POST /channel/a", "Content-Type: application/octet-stream", authorization,
            "Content-Encoding: gzip")
        #expect(try site.receive(upload, gzip(String(repeating: "x", count: 1000))).batch.count == 1)
        let (pending, batch) = try site.receive(upload, gzip(String(repeating: "x", count: 1001)))
        #expect(batch.isEmpty)
        #expect(site.answer(pending).status == 413)
    }

    @Test func aBombIsPutOutEarly() throws {
        let bomb = try gzip(String(repeating: " ", count: 100 << 20))
        let (pending, _) = try site.receive(lines("Content-Encoding: gzip"), bomb)
        #expect(pending.ending == .tooDense)
        #expect(site.answer(pending).status == 413)
    }
}
