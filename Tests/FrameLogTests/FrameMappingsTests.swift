// Shows how many frames are held in memory, and that those that were asked for first are given up first.
import Bytes
import Posix
import Synchronization
import Testing

@testable import FrameLog

@Suite struct FrameMappingsTests {
    /// The names that were opened, in their order.
    private final class Opened: Sendable {
        let names = Mutex<[String]>([])
    }

    private func frames(
        _ count: UInt64, of byteCount: Int, heldByteCountMax: Int
    ) -> (frames: [StoredFrame], opened: Opened) {
        let opened = Opened()
        let mappings = FrameMappings(heldByteCountMax: heldByteCountMax) { (name) throws(SystemError) in
            opened.names.withLock { $0.append(name) }
            return MappedFile(copying: [UInt8](repeating: 7, count: byteCount).span)
        } digest: { _ in
            []
        }
        let frames = (0..<count).map { start in
            StoredFrame(
                name: FrameName(start: start, digest: [UInt8](repeating: UInt8(start), count: 32)),
                endTimestamp: start + 1, byteCount: UInt64(byteCount), gzipByteCount: nil,
                condition: .sound, mappings: mappings)
        }
        return (frames, opened)
    }

    @Test func aFrameThatIsHeldIsNotOpenedAgain() throws {
        let (frames, opened) = frames(10, of: 1000, heldByteCountMax: 10 * 1160)
        for _ in 0..<3 {
            for frame in frames { #expect(try frame.identity().byteCount == 1000) }
        }
        #expect(opened.names.withLock { $0.count } == 10)
    }

    @Test func theOldestAreGivenUp() throws {
        let (frames, opened) = frames(200, of: 1000, heldByteCountMax: 4 * 1160)
        for frame in frames { _ = try frame.identity() }
        opened.names.withLock { $0 = [] }
        for frame in frames.suffix(4) { _ = try frame.identity() }
        #expect(opened.names.withLock { $0.isEmpty })
        _ = try frames[195].identity()
        #expect(opened.names.withLock { $0 } == [frames[195].name(isGzip: false)])
    }

    @Test func aFrameThatIsLargerThanAllRoomIsServed() throws {
        let (frames, _) = frames(2, of: 1000, heldByteCountMax: 10)
        for frame in frames + frames { #expect(try frame.identity().byteCount == 1000) }
    }

    @Test func framesThatAreGoneAreNotKept() throws {
        var (frames, _) = frames(2, of: 1000, heldByteCountMax: 1 << 20)
        for frame in frames { _ = try frame.identity() }
        weak let gone = frames[0]
        frames.removeFirst()
        #expect(gone == nil)
    }

    /// A check that comes to its end while a reader brings a large frame into memory.
    @Test func whatIsFoundDamagedMeanwhileIsNotHeld() throws {
        final class Found: Sendable {
            let frame = Mutex<StoredFrame?>(nil)
        }
        let found = Found()
        let mappings = FrameMappings { (_) throws(SystemError) in
            found.frame.withLock { $0 }?.note(.damaged)
            return MappedFile(copying: [7].span)
        } digest: { _ in
            []
        }
        let frame = StoredFrame(
            name: FrameName(start: 1, digest: [UInt8](repeating: 1, count: 32)), endTimestamp: 2,
            byteCount: UInt64(StoredFrame.checkedAtOnceByteCountMax) + 1, gzipByteCount: nil,
            condition: .unchecked, mappings: mappings)
        found.frame.withLock { $0 = frame }
        // The frame refers to the mappings, and those to what opens them.
        defer { found.frame.withLock { $0 = nil } }
        for _ in 0..<2 {
            let error = #expect(throws: SystemError.self) { try frame.identity() }
            #expect(error?.code == SystemError.badContent)
        }
    }
}
