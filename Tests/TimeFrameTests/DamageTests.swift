// Shows that no truncation of a valid frame is taken for a frame, and that no damage makes the reader trap:
// single octets of every valid frame are changed at random (seeded), and what is still accepted is read to
// its end.
import SeededGenerator
import Testing
import TimeFrame

@Suite struct DamageTests {
    @Test(arguments: Vectors.validNames, MetadataOrder.allCases)
    func everyTruncationIsRefused(name: String, order: MetadataOrder) throws {
        let octets = try Vectors.valid(name, order)
        for count in 0..<octets.count {
            do {
                _ = try FrameReader(octets.span.extracting(0..<count), order: order)
                Issue.record("\(count) of \(octets.count) octets were taken for a frame")
            } catch {
                let reason: FrameError.Reason =
                    count < 30
                    ? .headerTruncated
                    : count < 30 + Int(try FrameHeader(decoding: octets.span).metadataByteCount)
                        ? .metadataPastEnd : .dataPastEnd
                if error.reason != reason { Issue.record("\(count) octets: \(error)") }
            }
        }
    }

    /// The seed is an argument, so a failure names it.
    @Test(arguments: Vectors.validNames, [0x5EED_0001, 0x5EED_0002] as [UInt64])
    func changedOctetsNeverTrap(name: String, seed: UInt64) throws {
        for order in MetadataOrder.allCases {
            var numbers = SeededGenerator(seed: seed)
            var octets = try Vectors.valid(name, order)
            // Most of a frame is data, which can't be wrong; the numbers that can stand in its first octets.
            let first = min(octets.count, 400)
            var outcomes: [FrameError.Reason?: Int] = [:]
            for round in 0..<2000 {
                let position = Int.random(in: 0..<(round % 4 == 0 ? octets.count : first), using: &numbers)
                let before = octets[position]
                octets[position] = UInt8.random(in: 0...255, using: &numbers)
                outcomes[read(octets.span, order), default: 0] += 1
                octets[position] = before
            }
            #expect(outcomes.count > 2, "seed \(seed): only \(outcomes)")
        }
    }

    /// Reads all there is, and gives what is wrong, if anything.
    private func read(_ octets: Span<UInt8>, _ order: MetadataOrder) -> FrameError.Reason? {
        do {
            let reader = try FrameReader(octets, order: order)
            var (items, payload, names) = (0, 0, 0)
            for index in 0..<reader.channelCount {
                let channel = reader.channel(at: index)
                names += channel.id.count + channel.type.count
                var rest = channel.items
                while let item = rest.next() {
                    items += 1
                    payload += item.data.count
                }
            }
            // Every octet of an accepted frame is accounted for.
            let sum = 30 + reader.channelCount * 16 + names + items * 16 + payload
            if sum != octets.count || items != reader.itemCount {
                Issue.record("\(sum) of \(octets.count) octets")
            }
            return nil
        } catch {
            return error.reason
        }
    }
}
