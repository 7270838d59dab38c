// Items of a batch as events, and which loop gets which.

import Testing

@testable import FrameLog
@testable import Server

@Suite struct ItemEventsTests {
    private func batch(_ items: [(channel: String, type: String, data: String, isJSON: Bool)]) -> ItemBatch {
        var batch = ItemBatch()
        for (index, item) in items.enumerated() {
            batch.append(
                channelID: Array(item.channel.utf8).span, channelType: Array(item.type.utf8).span,
                timestamp: .device(UInt64(index)), data: Array(item.data.utf8).span, ticket: 1,
                isJSON: item.isJSON)
            batch.outcomes.append(ItemOutcome(ticket: 1, verdict: .accepted(frame: 0)))
        }
        return batch
    }

    /// What each loop is given, as text.
    private func blocks(_ batch: ItemBatch, _ watch: ChannelWatch, loopCount: Int = 2) -> [Int: [String]] {
        var events = ItemEvents(watch: watch, loopCount: loopCount)
        events.add(batch)
        var taken: [Int: [String]] = [:]
        events.takeBlocks { loop, blocks in
            taken[loop] = blocks.map {
                String(decoding: $0.channelID, as: UTF8.self) + "|"
                    + String(decoding: $0.octets, as: UTF8.self)
            }
        }
        events.takeBlocks { _, _ in Issue.record("what was taken is gone") }
        return taken
    }

    @Test func eachLoopGetsWhatItFollows() {
        let watch = ChannelWatch()
        watch.add(Array("a".utf8), loop: 0)
        watch.add(Array("b".utf8), loop: 0)
        watch.add(Array("b".utf8), loop: 1)
        let batch = batch([
            ("a", "t", "1", true), ("a", "t", "2", true), ("b", "u", "3", true), ("c", "v", "4", true),
            ("a", "t", "5", true),
        ])
        let first = "a|event: t\nid: 0\ndata: 1\n\nevent: t\nid: 1\ndata: 2\n\n"
        let second = "b|event: u\nid: 2\ndata: 3\n\n"
        let third = "a|event: t\nid: 4\ndata: 5\n\n"
        #expect(blocks(batch, watch) == [0: [first, second, third], 1: [second]])
    }

    @Test func onlyWhatWasAcceptedIsTold() {
        let watch = ChannelWatch()
        watch.add(Array("a".utf8), loop: 0)
        var batch = batch([("a", "t", "1", true), ("a", "t", "2", true)])
        batch.outcomes[0] = ItemOutcome(ticket: 1, verdict: .late(oldestOpen: 5))
        #expect(blocks(batch, watch) == [0: ["a|event: t\nid: 1\ndata: 2\n\n"]])
        batch.outcomes[1] = ItemOutcome(ticket: 1, verdict: .inDoubt)
        #expect(blocks(batch, watch) == [:])
    }

    /// A claim and an end have verdicts of their own, and no item.
    @Test func keysAreNoItems() throws {
        let watch = ChannelWatch()
        watch.add(Array("a".utf8), loop: 0)
        var batch = ItemBatch()
        let upload = try Site().accept(
            "POST /channel/a", "Authorization: Bearer \(Site.secret)", "Content-Type: application/json",
            "Idempotency-Key: k")
        let key = try #require(upload.key)
        batch.claim(key, ticket: 1)
        batch.outcomes.append(ItemOutcome(ticket: 1, verdict: .keysFull))
        batch.end(KeyedPlace(key: key, claim: 1, index: 0, digest: 0), ticket: 1)
        batch.outcomes.append(ItemOutcome(ticket: 1, verdict: .ended))
        #expect(blocks(batch, watch) == [:])
    }

    @Test(arguments: [
        ("1", true, "event: t\nid: 0\ndata: 1\n\n"),
        ("[\n1,\r\n2\r]", true, "event: t\nid: 0\ndata: [\ndata: 1,\ndata: \ndata: 2\ndata: ]\n\n"),
        ("1", false, "event: t;base64\nid: 0\ndata: MQ==\n\n"),
        ("", false, "event: t;base64\nid: 0\ndata: \n\n"),
        ("event: x\n\n", false, "event: t;base64\nid: 0\ndata: ZXZlbnQ6IHgKCg==\n\n"),
    ])
    func anItemIsOneEvent(data: String, isJSON: Bool, event: String) {
        let watch = ChannelWatch()
        watch.add(Array("a".utf8), loop: 0)
        #expect(blocks(batch([("a", "t", data, isJSON)]), watch) == [0: ["a|" + event]])
    }

    /// So that a slow reader loses little, and the others are served in between.
    @Test func manyItemsAreManyBlocks() throws {
        let watch = ChannelWatch()
        watch.add(Array("a".utf8), loop: 0)
        let data = String(repeating: "1", count: 1000)
        let items = [(channel: String, type: String, data: String, isJSON: Bool)](
            repeating: ("a", "t", data, true), count: 1000)
        let taken = try #require(blocks(batch(items), watch)[0])
        #expect(taken.count > 50 && taken.allSatisfy { $0.utf8.count < 20_000 })
        #expect(taken.reduce(0) { $0 + $1.utf8.count { $0 == UInt8(ascii: ":") } } == 3 * 1000)
    }
}
