// Shows how standard input becomes batches, and how long a server that is away is left alone. Chance is
// seeded.
import SeededGenerator
import Testing

@testable import syncstreamer

@Suite struct PostTests {
    /// What may be stored is not sent again once the server may have forgotten it.
    @Test func aKeyIsUsedForAsLongAsItIsRemembered() {
        var lifetime = KeyLifetime()
        #expect(!lifetime.isOver(at: 1_000_000_000))
        lifetime.noteDoubt(since: 1_000)
        lifetime.noteDoubt(since: 200_000)
        #expect(!lifetime.isOver(at: 1_000 + KeyLifetime.milliseconds - 1))
        #expect(lifetime.isOver(at: 1_000 + KeyLifetime.milliseconds))
        #expect(KeyLifetime.milliseconds < 300_000)
    }

    @Test func aServerMayNameTheTimeToComeBack() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT"
        #expect(ServerRefusal.seconds(until: "17", date: nil) == 17)
        #expect(ServerRefusal.seconds(until: "Sun, 06 Nov 1994 08:50:07 GMT", date: date) == 30)
        #expect(ServerRefusal.seconds(until: date, date: "Sun, 06 Nov 1994 08:50:07 GMT") == 0)
        #expect(ServerRefusal.seconds(until: date, date: nil) == 0)
        #expect(ServerRefusal.seconds(until: "soon", date: date) == nil)
    }

    /// Of a server in between nobody knows what it has passed on.
    @Test(arguments: [
        ("", true), ("<html>Bad gateway</html>", true), (#"{"type":"about:blank"}"#, true),
        (#"{"type":"urn:syncstreamer:problem:rate-limited"}"#, false),
        (#"{"type":"urn:syncstreamer:problem:unavailable","accepted":0}"#, false),
        (#"{"type":"urn:syncstreamer:problem:unavailable","accepted":1}"#, true),
    ])
    func aRefusalSaysWhatIsStored(body: String, mayHaveStored: Bool) {
        let problem = JSONValue(Array(body.utf8).span)
        #expect(ServerRefusal.mayHaveStored(problem) == mayHaveStored)
    }

    /// The batches that input in pieces of some size gives.
    private func batches(_ form: ItemBatcher.Form, _ input: [UInt8], pieces: Int) throws -> (
        [PostedBatch], isTorn: Bool
    ) {
        let batcher = ItemBatcher(form)
        var batches: [PostedBatch] = []
        func takeFull() throws {
            while batcher.isFull {
                batches.append(batcher.takeBatch())
                try batcher.cut()
            }
        }
        for start in stride(from: 0, to: input.count, by: pieces) {
            batcher.take(input[start..<min(start + pieces, input.count)].span)
            try batcher.cut()
            try takeFull()
        }
        try batcher.cut(isEnd: true)
        while !batcher.isEmpty {
            batches.append(batcher.takeBatch())
            try batcher.cut(isEnd: true)
        }
        return (batches, batcher.isTorn)
    }

    @Test(arguments: [1, 7, 4096, 1 << 20])
    func everyLineIsInOneBatch(pieces: Int) throws {
        let count = pieces == 1 ? 6_000 : 50_000
        let input = Array((0..<count).map { "\($0)\n" }.joined().utf8)
        let (batches, isTorn) = try batches(.lines, input, pieces: pieces)
        #expect(!isTorn)
        #expect(batches.flatMap(\.octets) == input)
        #expect(batches.map(\.itemCount).reduce(0, +) == UInt64(count))
        #expect(batches.allSatisfy { $0.itemCount <= ItemBatcher.batchItemsMax })
        var next: UInt64 = 0
        for batch in batches {
            #expect(batch.firstItem == next)
            next += batch.itemCount
        }
    }

    @Test(arguments: [("", 0), ("\n\n", 0), ("1", 1), ("\n1\n\n2", 2)] as [(String, UInt64)])
    func linesWithoutItems(input: String, count: UInt64) throws {
        let (batches, isTorn) = try batches(.lines, Array(input.utf8), pieces: 1)
        #expect(batches.map(\.itemCount).reduce(0, +) == count)
        #expect(!isTorn)
    }

    @Test func recordsAndATornOne() throws {
        let record = [UInt8](repeating: 0, count: 15) + [3, 1, 2, 3]
        for (extra, isTorn) in [(0, false), (1, true), (18, true)] {
            let found = try batches(.records, record + record + record.prefix(extra), pieces: 5)
            #expect(found.0.flatMap(\.octets) == record + record)
            #expect(found.isTorn == isTorn)
        }
    }

    @Test func waitsGrowAndDiffer() {
        var delay = RetryDelay()
        var generator = SeededGenerator(seed: 1)
        var waits: [UInt64] = []
        for _ in 0..<12 { waits.append(delay.next(askedSeconds: nil, using: &generator)) }
        for (wait, most) in zip(waits, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000] as [UInt64])
        {
            #expect(most / 2...most ~= wait)
        }
        #expect(waits.suffix(3).allSatisfy { 15_000...30_000 ~= $0 })
        #expect(Set(waits.suffix(4)).count == 4)
        delay.reset()
        let first = delay.next(askedSeconds: nil, using: &generator)
        #expect(first <= 200)
    }

    @Test func whatTheServerAsksForIsWaitedFor() {
        var delay = RetryDelay()
        var generator = SeededGenerator(seed: 2)
        let asked = delay.next(askedSeconds: 5, using: &generator)
        #expect(asked >= 5000)
        let mistaken = delay.next(askedSeconds: .max, using: &generator)
        #expect(mistaken <= 700_000)
    }
}
