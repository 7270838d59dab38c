// Shows that the assembler depends on nothing but the entries: the same give the same windows, also with
// admissions between them that came to nothing.
import Bytes
import SeededGenerator
import SimulatedStorage
import Testing

@testable import FrameLog

@Suite struct AssemblerTests {
    private func admit(_ assembler: inout Assembler, _ id: String, at time: UInt64, type: String = "")
        -> Assembler.Admission
    {
        let (id, type) = (Array(id.utf8), Array(type.utf8))
        return assembler.admit(
            id: id.span, type: type.span, timestamp: time, channelsMax: 100, itemsMax: 10_000)
    }

    private func contents(of window: OpenWindow) -> [[Int]] {
        let order = window.references.orderedByChannel(itemCounts: window.channels.map(\.itemCount))
        return order.map { place in
            let reference = window.references[Int(place)]
            return [Int(reference.channel), Int(reference.position.offset)]
        }
    }

    @Test func whatCameToNothingLeavesNoTrace() throws {
        var generator = SeededGenerator(seed: 7)
        var plain = Assembler()
        var disturbed = Assembler()
        plain.resume(from: 1_000, duration: 100)
        disturbed.resume(from: 1_000, duration: 100)
        var sealed: [[[Int]]] = []
        for step in 0..<5_000 {
            let time = plain.watermark + UInt64.random(in: 0..<250, using: &generator)
            let id = "channel \(Int.random(in: 0..<20, using: &generator))"
            if step % 3 == 0 {
                for extra in 0..<3 {
                    _ = admit(&disturbed, "extra \(extra + step % 5)", at: time + UInt64(extra) * 70)
                }
                disturbed.rollBack()
            }
            let position = LogPosition(segment: 1, offset: UInt32(step))
            guard case .slot(let slot) = admit(&plain, id, at: time) else { preconditionFailure("it fits") }
            plain.apply(slot, position: position, byteCount: 30, payloadByteCount: 9)
            guard case .slot(let other) = admit(&disturbed, id, at: time) else {
                preconditionFailure("it fits")
            }
            #expect(other == slot)
            disturbed.apply(other, position: position, byteCount: 30, payloadByteCount: 9)
            if step % 50 == 49 {
                let start = plain.watermark
                let first = plain.seal(start: start, end: start + 100)
                let second = disturbed.seal(start: start, end: start + 100)
                #expect(contents(of: first) == contents(of: second))
                #expect(
                    first.channels.indices.map { first.id(of: $0) }
                        == second.channels.indices.map { second.id(of: $0) })
                #expect(first.channels.map(\.payloadByteCount) == second.channels.map(\.payloadByteCount))
                sealed.append(contents(of: first))
            }
        }
        #expect(sealed.count == 100)
        // Channels in the order in which they appeared, items in the log's order.
        for window in sealed { #expect(window == window.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }) }
    }

    @Test func aTypeThatCameToNothingIsFree() {
        var assembler = Assembler()
        assembler.resume(from: 0, duration: 100)
        guard case .slot = admit(&assembler, "a", at: 5, type: "video") else {
            preconditionFailure("it fits")
        }
        #expect(admit(&assembler, "a", at: 5, type: "audio") == .typeConflict(type: Array("video".utf8)))
        assembler.rollBack()
        #expect(assembler.windows.isEmpty)
        guard case .slot(let slot) = admit(&assembler, "a", at: 5, type: "audio") else {
            preconditionFailure("it fits")
        }
        #expect(slot == Assembler.Slot(windowStart: 0, channel: 0))
    }

    @Test func idsAreComparedAsOctets() {
        var assembler = Assembler()
        assembler.resume(from: 0, duration: 100)
        // The same letter to a reader, composed and decomposed.
        for (number, id) in ["\u{E9}", "e\u{301}"].enumerated() {
            #expect(
                admit(&assembler, id, at: 5) == .slot(Assembler.Slot(windowStart: 0, channel: UInt32(number)))
            )
        }
    }

    @Test func referencesGrowWithoutLimitOfAChunk() {
        var list = ReferenceList()
        for number in 0..<10_000 {
            list.append(
                ItemReference(
                    position: LogPosition(segment: 1, offset: UInt32(number)), byteCount: 1,
                    channel: UInt32(number % 3)))
        }
        let order = list.orderedByChannel(itemCounts: [3334, 3333, 3333])
        #expect(
            order.map(Int.init) == (0..<3).flatMap { channel in (0..<10_000).filter { $0 % 3 == channel } })
    }
}

@Suite struct FrameClockTests {
    @Test func itNeverReadsLess() {
        var clock = FrameClock(floor: 100)
        #expect([90, 100, 105, 101, 106].map { clock.reading($0) } == [100, 100, 105, 105, 106])
    }
}
