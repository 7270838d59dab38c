// Uploads with an Idempotency-Key, without a network: what of a retry goes to the log, and what is another
// body. The log is played by the test.

import Bytes
import HTTP
import Testing

@testable import FrameLog
@testable import Server

@Suite struct PendingUploadKeyTests {
    private let site = Site()
    private let authorization = "Authorization: Bearer \(Site.secret)"
    private let ndjson = "application/x-ndjson"

    /// An upload with a key, whose claim the log has answered: `stored` of the items of `body` are there.
    ///
    /// - Parameter ended: the whole earlier body, where it came to its end.
    private func retry(
        _ type: String, _ body: String, of earlier: String, decided: Int, stored: Int, ended: String? = nil
    ) throws
        -> (pending: PendingUpload, batch: ItemBatch)
    {
        let upload = try site.accept(
            "POST /channel/a", "Content-Type: \(type)", authorization, "Idempotency-Key: k")
        let pending = try PendingUpload(upload)
        var batch = ItemBatch()
        pending.take(Array(body.utf8).span)
        pending.finishContent()
        #expect(!pending.work(into: &batch, ticket: 1, site.context))
        #expect(batch.count == 1)
        #expect(pending.isWaitingForLog)
        var digest = BodyDigest(seed: upload.channelType.span)
        read(earlier, items: decided, into: &digest)
        var progress = UploadProgress()
        if let ended {
            let itemCount = ended.split(separator: "\n").count
            var digest = BodyDigest(seed: upload.channelType.span)
            read(ended, items: itemCount, into: &digest)
            progress.end = UploadEnd(itemCount: UInt64(itemCount), digest: digest.whole)
        }
        progress.through = UInt64(decided)
        progress.storedCount = UInt64(stored)
        progress.digest = digest.value
        progress.lastFrame = 7
        batch.removeAll()
        pending.decide(
            .claimed(KeyClaim(number: 3, progress: progress)), byteCount: 0, nowMilliseconds: Site.now)
        while pending.work(into: &batch, ticket: 1, site.context) {}
        return (pending, batch)
    }

    /// Digests the first lines of a body.
    private func read(_ body: String, items: Int, into digest: inout BodyDigest) {
        var left = items
        for octet in body.utf8 where left > 0 {
            digest.read([octet].span)
            if octet != UInt8(ascii: "\n") { continue }
            digest.endItem()
            left -= 1
        }
        if left > 0 { digest.endItem() }
    }

    @Test func whatIsStoredIsPassedOver() throws {
        let (pending, batch) = try retry(ndjson, "1\n2\n3\n4", of: "1\n2\n3\n4", decided: 2, stored: 2)
        #expect(batch.entries.map(\.kind) == [.item, .item, .end])
        #expect(batch.places.map(\.index) == [2, 3, 4])
        #expect(batch.places.allSatisfy { $0.claim == 3 })
        site.decide(pending, batch) { _ in .accepted(frame: 9) }
        #expect(site.answer(pending).text.hasPrefix("{\"accepted\":4,\"frame\":\"9\""))
    }

    @Test func whatIsStoredAsAWholeIsAnsweredAtOnce() throws {
        for (type, body, count) in [(ndjson, "1\n2", 2), ("application/json", "1", 1)] {
            let (pending, batch) = try retry(
                type, body, of: body, decided: count, stored: count, ended: type == ndjson ? body : nil)
            #expect(batch.isEmpty)
            let answer = site.answer(pending)
            #expect(answer.status == 200)
            #expect(answer.text.hasPrefix("{\"accepted\":\(count),\"frame\":\"7\""))
        }
    }

    /// Another item, another order, or an end too early: nothing of it is stored.
    @Test(arguments: ["1\n3\n3\n4", "2\n1\n3", "1", "1\nx\n3"])
    func anotherBodyWithTheSameKey(body: String) throws {
        let (pending, batch) = try retry(ndjson, body, of: "1\n2\n3\n4", decided: 2, stored: 2)
        #expect(batch.isEmpty)
        let answer = site.answer(pending)
        #expect(answer.status == 422)
        #expect(answer.problem == "idempotency-key-conflict")
        let (single, _) = try retry("application/json", "2", of: "1", decided: 1, stored: 1)
        #expect(site.answer(single).status == 422)
    }

    /// An upload that came to its end has that body and no other, however it begins.
    @Test(arguments: ["1\n2\n3", "1\n2\n\n", "1\n2\nx", "1\n2\n\(String(repeating: "1", count: 1001))", "1"])
    func anotherEndWithTheSameKey(body: String) throws {
        let (pending, batch) = try retry(ndjson, body, of: "1\n2\n", decided: 2, stored: 2, ended: "1\n2\n")
        #expect(batch.isEmpty)
        let answer = site.answer(pending)
        #expect(answer.status == 422)
        // What is stored is the other body's, also where this one begins with all of it.
        #expect(answer.text.contains("\"accepted\":0"))
    }

    /// A retry of what came to its end gets the same counts, whatever could be stored by now.
    @Test func whatWasRefusedAtTheEndStaysRefused() throws {
        let body = "1\n2\n3\n"
        let (pending, batch) = try retry(ndjson, body, of: body, decided: 1, stored: 1, ended: body)
        #expect(batch.isEmpty)
        let text = site.answer(pending).text
        #expect(text.hasPrefix("{\"accepted\":1,"))
        #expect(text.hasSuffix("\"rejectedCount\":2}"))
    }

    /// All that makes an item counts: also its time, and what is too large to be looked at.
    @Test func theDigestIsOfTheWholeItem() throws {
        func digest(_ type: String, _ body: [UInt8], _ query: String = "") throws -> UInt64 {
            let upload = try site.accept(
                "POST /channel/a\(query)", "Content-Type: \(type)", authorization, "Idempotency-Key: k")
            let pending = try PendingUpload(upload)
            var batch = ItemBatch()
            _ = pending.work(into: &batch, ticket: 1, site.context)
            pending.decide(
                .claimed(KeyClaim(number: 1, progress: UploadProgress())), byteCount: 0, nowMilliseconds: 0)
            batch.removeAll()
            // In pieces of seven octets.
            var start = 0
            while start < body.count {
                pending.take(Array(body[start..<min(start + 7, body.count)]).span)
                while pending.work(into: &batch, ticket: 1, site.context) {}
                start += 7
            }
            pending.finishContent()
            while pending.work(into: &batch, ticket: 1, site.context) {}
            return try #require(batch.places.last).digest
        }
        func record(_ timestamp: UInt64, _ data: String) -> [UInt8] {
            var octets: [UInt8] = []
            octets.append(bigEndian: timestamp)
            octets.append(bigEndian: UInt64(data.utf8.count))
            return octets + Array(data.utf8)
        }
        let records = "application/vnd.syncstreamer.items"
        #expect(try digest(records, record(Site.now, "a")) != digest(records, record(Site.now - 1, "a")))
        #expect(try digest(records, record(0, "ab")) != digest(records, record(0, "a")))
        let large = (String(repeating: "1", count: 1001), String(repeating: "2", count: 1001))
        for (first, second) in [(large.0, large.1), (large.0, large.0 + "1")] {
            let bodies = [first, second].map { Array("\($0)\n1\n".utf8) }
            #expect(try digest(ndjson, bodies[0]) != digest(ndjson, bodies[1]))
            #expect(try digest(ndjson, bodies[0]) == digest(ndjson, bodies[0]))
        }
        let json = "application/json"
        let times = ["", "?timestamp=\(Site.now)", "?timestamp=\(Site.now - 1)", "?age=1", "?age=2"]
        let digests = try times.map { try digest(json, Array("1".utf8), $0) }
        #expect(Set(digests).count == 3)
        #expect(digests[0] == digests[3] && digests[3] == digests[4])
    }

    /// What the server refuses again has its number; what the log refused the first time is only counted.
    @Test func itemsThatWereRefusedTheFirstTime() throws {
        let body = "1\nx\n2\n3"
        let (pending, batch) = try retry(ndjson, body, of: body, decided: 3, stored: 1)
        #expect(batch.entries.map(\.kind) == [.item, .end])
        site.decide(pending, batch) { _ in .accepted(frame: 9) }
        let text = site.answer(pending).text
        #expect(text.hasPrefix("{\"accepted\":2,"))
        #expect(text.contains("\"rejected\":[{\"index\":1,"))
        #expect(text.hasSuffix("\"rejectedCount\":2}"))
    }

    @Test(
        arguments: [
            (ItemVerdict.keysFull, 503, "too-many-keys"), (.logClosed, 503, "unavailable"),
            (.noSpace, 507, "no-space"),
        ] as [(ItemVerdict, UInt16, String)])
    func aKeyThatIsNotToBeHad(verdict: ItemVerdict, status: UInt16, problem: String) throws {
        let upload = try site.accept(
            "POST /channel/a", "Content-Type: \(ndjson)", authorization, "Idempotency-Key: k")
        let pending = try PendingUpload(upload)
        var batch = ItemBatch()
        _ = pending.work(into: &batch, ticket: 1, site.context)
        pending.decide(verdict, byteCount: 0, nowMilliseconds: Site.now)
        let answer = site.answer(pending)
        #expect(answer.status == status)
        #expect(answer.problem == problem)
        #expect(answer["Retry-After"] != nil)
    }

    @Test func aLaterRequestGoesOn() throws {
        let (pending, batch) = try retry(ndjson, "1\n2", of: "", decided: 0, stored: 0)
        site.decide(pending, batch) { $0 == 0 ? .accepted(frame: 9) : .superseded }
        let answer = site.answer(pending)
        #expect(answer.status == 409)
        #expect(answer.problem == "superseded")
    }
}
