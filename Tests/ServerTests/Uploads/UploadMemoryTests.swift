// What uploads may hold together: what is refused, what is given back, and that what was begun comes to its
// end.

import FrameLog
import Testing

@testable import Server

@Suite struct UploadMemoryTests {
    private let site = Site()
    private let authorization = "Authorization: Bearer \(Site.secret)"
    private static let overhead = UploadMemory.uploadByteCount

    private func upload(_ type: String, _ fields: String...) throws -> Upload {
        try site.accept("POST /channel/a", ["Content-Type: \(type)", authorization] + fields)
    }

    /// Works off `octets` as they would come, and gives how the upload ended, if it did.
    private func feed(_ pending: PendingUpload, _ octets: [UInt8]) -> UploadEnding? {
        var batch = ItemBatch()
        pending.take(octets.span)
        while pending.work(into: &batch, ticket: 1, site.context) {}
        return pending.ending
    }

    @Test func aQuarterIsForThoseThatHoldLittle() {
        let memory = UploadMemory(byteCountMax: 1 << 20)
        let large = (1 << 20) / 4 * 3
        #expect(memory.hasRoom(to: large))
        #expect(!memory.hasRoom(to: large + 1))
        memory.change(from: 0, to: large)
        #expect(!memory.hasRoom(to: UploadMemory.littleByteCountMax + 1))
        for _ in 0..<4 {
            #expect(memory.hasRoom(to: UploadMemory.littleByteCountMax))
            memory.change(from: 0, to: UploadMemory.littleByteCountMax)
        }
        #expect(memory.byteCount == 1 << 20)
        #expect(!memory.hasRoom(to: 1))
        // Who gives back is never refused.
        #expect(memory.hasRoom(from: large, to: large))
        #expect(memory.hasRoom(from: large, to: large - 1))
        memory.change(from: large, to: 0)
        #expect(memory.hasRoom(to: UploadMemory.littleByteCountMax + 1))
    }

    @Test func whatIsPromisedIsHeldFromTheHeadOn() throws {
        let upload = try upload("application/octet-stream", "Content-Length: 900")
        #expect(upload.heldByteCount == Self.overhead + 900)
        let memory = UploadMemory(byteCountMax: 4 << 10)
        do {
            let pending = try PendingUpload(upload, memory: memory)
            #expect(memory.byteCount == Self.overhead + 900)
            #expect(feed(pending, [UInt8](repeating: 1, count: 900)) == nil)
            #expect(memory.byteCount == Self.overhead + 900)
            pending.finishContent()
            #expect(feed(pending, []) == .complete)
            #expect(memory.byteCount == Self.overhead)
        }
        #expect(memory.byteCount == 0)
    }

    @Test func onlyAnItemAloneIsPromised() throws {
        #expect(try upload("application/x-ndjson", "Content-Length: 900").heldByteCount == Self.overhead)
        #expect(try upload("application/json", "Transfer-Encoding: chunked").heldByteCount == Self.overhead)
        #expect(
            try upload("application/json", "Content-Length: 9", "Content-Encoding: gzip").heldByteCount
                == Self.overhead + UploadMemory.inflaterByteCount)
    }

    /// An item of unknown length, and one of a stream, that find no more room: 503, with when to come again.
    @Test(arguments: ["application/octet-stream", "application/x-ndjson"])
    func whereNoMoreRoomIs(type: String) throws {
        let memory = UploadMemory(byteCountMax: 3 << 10)
        let pending = try PendingUpload(upload(type, "Transfer-Encoding: chunked"), memory: memory)
        let other = try PendingUpload(upload(type, "Transfer-Encoding: chunked"), memory: memory)
        #expect(feed(pending, [UInt8](repeating: 1, count: 800)) == nil)
        #expect(memory.byteCount == 2 * Self.overhead + 800)
        #expect(feed(other, [UInt8](repeating: 1, count: 225)) == .memoryFull)
        #expect(memory.byteCount == 2 * Self.overhead + 800)
        #expect(other.hasLostItem == false)
        let answer = site.answer(other)
        #expect(answer.status == 503)
        #expect(answer.problem == "memory-full")
        #expect(answer["Retry-After"] == "1")
        #expect(feed(pending, [UInt8](repeating: 1, count: 200)) == nil)
        #expect(memory.byteCount == 2 * Self.overhead + 1000)
    }

    @Test func aStreamGivesBackWhatItsItemsNeeded() throws {
        let memory = UploadMemory(byteCountMax: 1 << 20)
        let pending = try PendingUpload(upload("application/x-ndjson"), memory: memory)
        #expect(feed(pending, Array(("\"" + String(repeating: "x", count: 800)).utf8)) == nil)
        #expect(memory.byteCount == Self.overhead + 801)
        #expect(feed(pending, Array("\"\n1".utf8)) == nil)
        #expect(memory.byteCount == Self.overhead + 1)
        pending.end(.cutOff)
        #expect(pending.hasLostItem)
        #expect(memory.byteCount == Self.overhead)
    }

    /// However many loops there are, none is left with less than two of the largest items need.
    @Test func eachLoopHasRoomForTheLargestItem() {
        var limits = ConnectionLimits()
        limits.uploadByteCountMax = 64 << 20
        #expect(limits.uploadByteCountMax(ofEach: 2, itemByteCountMax: 1 << 20) == 32 << 20)
        let part = limits.uploadByteCountMax(ofEach: 64, itemByteCountMax: 16 << 20)
        #expect(UploadMemory(byteCountMax: part).hasRoom(to: (16 << 20) + Self.overhead))
    }
}
