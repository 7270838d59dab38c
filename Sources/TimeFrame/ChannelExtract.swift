internal import Bytes

/// One channel of a frame as a frame of its own: what precedes its items, and where they lie in the whole.
///
/// It is found by the records alone. No item is looked at, so the cost grows with the channels and not with
/// the frame, and what is wrong with items goes unnoticed: that is for a `FrameReader`.
public struct ChannelExtract: Sendable {
    /// The header and the one record of the channel's own frame, which its items follow.
    public let preamble: [UInt8]
    /// Where the channel's items lie in the whole frame, with their prefixes. Empty where the frame doesn't
    /// have the channel: its own frame has it then without items, and with an empty type.
    public let items: Range<Int>

    /// Finds the channel whose id is `id`.
    ///
    /// - Parameters:
    ///   - id: UTF-8, not empty; at most 2^31 octets.
    ///   - octets: the whole frame and nothing else.
    ///   - order: the order in which the frame's records were written, and the one record will be.
    ///
    /// Throws what is wrong with the header or with a record, and at which octet.
    public init(of id: Span<UInt8>, in octets: Span<UInt8>, order: MetadataOrder) throws(FrameError) {
        precondition(!id.isEmpty, "every channel has an id")
        let header = try FrameHeader(decoding: octets)
        guard header.frameByteCount == UInt64(octets.count) else {
            throw FrameError(.dataPastEnd, at: 6)
        }
        let section = FrameHeader.byteCount + Int(header.metadataByteCount)
        var record = FrameHeader.byteCount
        var found: (type: Range<Int>, start: UInt64)?
        var end = header.dataByteCount
        while record < section {
            let next = try FrameCheck.end(ofRecord: record, octets, sectionEnd: section, order: order)
            let offset = octets.bigEndian(at: record, as: UInt64.self)
            if let found {
                if offset < found.start { throw FrameError(.offsetsDescend, at: record) }
                end = offset
                break
            }
            let names = RecordNames(octets, record: record, order: order)
            if octets.extracting(names.id).isEqual(to: id) { found = (names.type, offset) }
            record = next
        }
        if end > header.dataByteCount { throw FrameError(.offsetPastData, at: record) }
        let start = found?.start ?? end
        if start > end { throw FrameError(.offsetPastData, at: record) }
        items = section + Int(start)..<section + Int(end)

        let type = octets.extracting(found?.type ?? 0..<0).copied()
        let recordByteCount = FrameLayout.recordPrefixByteCount + type.count + id.count
        var preamble: [UInt8] = []
        preamble.reserveCapacity(FrameHeader.byteCount + recordByteCount)
        FrameHeader(
            metadataByteCount: UInt32(recordByteCount), dataByteCount: UInt64(items.count),
            startTimestamp: header.startTimestamp, endTimestamp: header.endTimestamp
        ).append(to: &preamble)
        FrameLayout.append(
            FrameLayout.Channel(
                id: id.copied(), type: type, itemCount: 0, payloadByteCount: 0, dataOffset: 0),
            order: order, to: &preamble)
        self.preamble = preamble
    }
}
