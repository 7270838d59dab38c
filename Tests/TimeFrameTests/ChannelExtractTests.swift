// Shows that each channel of every golden frame is a frame of its own, with the same items, in both field
// orders; that a channel which isn't there is one without items; and that no damage makes the search trap.
import Testing
import TimeFrame

@Suite struct ChannelExtractTests {
    private func frame(_ id: [UInt8], of octets: [UInt8], _ order: MetadataOrder) throws -> FrameContent {
        let extract = try ChannelExtract(of: id.span, in: octets.span, order: order)
        let whole = extract.preamble + octets[extract.items]
        return try FrameContent(decoding: whole.span, order: order)
    }

    @Test(arguments: Vectors.validNames, MetadataOrder.allCases)
    func eachChannelIsAFrame(name: String, order: MetadataOrder) throws {
        let octets = try Vectors.valid(name, order)
        let content = try Vectors.content(name)
        // One has a thousand: the first and the last stand for them.
        for channel in content.channels.prefix(5) + content.channels.suffix(5) {
            var expected = content
            expected.channels = [channel]
            #expect(try frame(channel.id, of: octets, order) == expected)
        }
    }

    @Test(arguments: Vectors.validNames, MetadataOrder.allCases)
    func aChannelThatIsNotThereHasNoItems(name: String, order: MetadataOrder) throws {
        var expected = try Vectors.content(name)
        expected.channels = [FrameContent.Channel(id: "nobody's", type: "", items: [])]
        #expect(try frame(Array("nobody's".utf8), of: Vectors.valid(name, order), order) == expected)
    }

    @Test(arguments: Vectors.validNames, MetadataOrder.allCases)
    func whatIsCutOffIsRefused(name: String, order: MetadataOrder) throws {
        let octets = try Vectors.valid(name, order)
        for count in 0..<octets.count {
            do throws(FrameError) {
                _ = try ChannelExtract(of: [1].span, in: octets.span.extracting(0..<count), order: order)
                Issue.record("\(count) of \(octets.count) octets were taken for a frame")
            } catch {
                // As it should be.
            }
        }
    }

    /// Every octet of the header and the records becomes every other one.
    @Test(arguments: Vectors.validNames, MetadataOrder.allCases)
    func changedOctetsNeverTrap(name: String, order: MetadataOrder) throws {
        var octets = try Vectors.valid(name, order)
        let ids = try Vectors.content(name).channels.prefix(4).map(\.id)
        let end = 30 + Int(try FrameHeader(decoding: octets.span).metadataByteCount)
        var refusedCount = 0
        for position in 0..<min(end, 300) {
            let before = octets[position]
            for octet in [0, before ^ 1, before ^ 0x80, 0xFF] as [UInt8] {
                octets[position] = octet
                for id in ids {
                    do throws(FrameError) {
                        let extract = try ChannelExtract(of: id.span, in: octets.span, order: order)
                        #expect(extract.items.upperBound <= octets.count)
                    } catch {
                        refusedCount += 1
                    }
                }
            }
            octets[position] = before
        }
        #expect(refusedCount > 0 || ids.isEmpty)
    }
}
