internal import Bytes

/// Writes a frame piece by piece, so that it never has to fit in memory.
///
/// The layout comes first, since a frame begins with what all its channels hold; then the items, channel
/// after channel in the layout's order. The encoder checks every item against the layout, so what was
/// finished is a valid frame. After an error, its own or the sink's, what the sink has taken is to be thrown
/// away.
///
///     var layout = try FrameLayout(startTimestamp: 0, endTimestamp: 10_000)
///     try layout.addChannel(id: Array("a".utf8), type: [], itemCount: 1, payloadByteCount: 3)
///     var encoder = try FrameEncoder(layout, into: &file)
///     try encoder.write(timestamp: 17, data: [1, 2, 3].span, into: &file)
///     try encoder.finish(into: &file)
public struct FrameEncoder: ~Copyable {
    /// The octets that are collected before the sink gets them: enough that a system call for each costs
    /// little.
    public static let pieceByteCount = 64 * 1024

    private let layout: FrameLayout
    private var staged = Buffer(capacity: FrameEncoder.pieceByteCount)
    /// The octets of the frame that were written or staged.
    private var position: UInt64 = 0
    /// The channels whose items have begun; the items now written belong to the last of them.
    private var channelsBegun = 0
    private var itemsLeft: UInt64 = 0
    private var payloadLeft: UInt64 = 0
    /// The octets of data that the item begun last still misses.
    private var itemLeft: UInt64 = 0

    /// Begins a frame by writing its header and metadata section. Throws what the sink throws.
    public init(
        _ layout: FrameLayout, order: MetadataOrder = .typeFirst, into sink: inout some FrameSink & ~Copyable
    ) throws {
        self.layout = layout
        layout.header.append(to: &staged)
        for channel in layout.channels {
            let record = FrameLayout.recordPrefixByteCount + channel.id.count + channel.type.count
            if staged.count + record > Self.pieceByteCount { try flush(into: &sink) }
            FrameLayout.append(channel, order: order, to: &staged)
        }
        position = UInt64(FrameHeader.byteCount) + UInt64(layout.metadataByteCount)
    }

    /// Writes a whole item. Throws as `beginItem` and `writeData` do.
    public mutating func write(
        timestamp: UInt64, data: Span<UInt8>, into sink: inout some FrameSink & ~Copyable
    ) throws {
        try beginItem(timestamp: timestamp, byteCount: UInt64(data.count), into: &sink)
        try writeData(data, into: &sink)
    }

    /// Begins the next item, whose data follows through `writeData` in any number of pieces.
    ///
    /// Throws a `FrameError` where the last item misses data (`itemNotAsAnnounced`), the layout has no
    /// further item (`itemNotPlanned`), or the channel's total comes out otherwise than planned
    /// (`payloadNotAsPlanned`); or what the sink throws.
    public mutating func beginItem(
        timestamp: UInt64, byteCount: UInt64, into sink: inout some FrameSink & ~Copyable
    ) throws {
        if itemLeft > 0 { throw FrameError(.itemNotAsAnnounced, at: position) }
        while itemsLeft == 0 {
            if channelsBegun == layout.channels.count { throw FrameError(.itemNotPlanned, at: position) }
            itemsLeft = layout.channels[channelsBegun].itemCount
            payloadLeft = layout.channels[channelsBegun].payloadByteCount
            channelsBegun += 1
        }
        let fits = itemsLeft > 1 ? byteCount <= payloadLeft : byteCount == payloadLeft
        if !fits { throw FrameError(.payloadNotAsPlanned, at: position) }
        if staged.count > Self.pieceByteCount - FrameLayout.itemPrefixByteCount { try flush(into: &sink) }
        FrameLayout.appendPrefix(timestamp: timestamp, byteCount: byteCount, to: &staged)
        itemsLeft -= 1
        payloadLeft -= byteCount
        itemLeft = byteCount
        position += UInt64(FrameLayout.itemPrefixByteCount)
    }

    /// Writes data of the item that was begun last. Throws `itemNotAsAnnounced` where it is more than was
    /// announced, or what the sink throws.
    public mutating func writeData(
        _ octets: Span<UInt8>, into sink: inout some FrameSink & ~Copyable
    ) throws {
        if UInt64(octets.count) > itemLeft { throw FrameError(.itemNotAsAnnounced, at: position) }
        if staged.count + octets.count > Self.pieceByteCount { try flush(into: &sink) }
        if octets.count < Self.pieceByteCount {
            staged.append(copying: octets)
        } else {
            try sink.write(octets)
        }
        itemLeft -= UInt64(octets.count)
        position += UInt64(octets.count)
    }

    /// Ends the frame and hands its last octets to the sink. Throws `itemNotAsAnnounced` or `itemMissing`
    /// where the frame isn't whole, or what the sink throws.
    public consuming func finish(into sink: inout some FrameSink & ~Copyable) throws {
        if itemLeft > 0 { throw FrameError(.itemNotAsAnnounced, at: position) }
        if position != layout.frameByteCount { throw FrameError(.itemMissing, at: position) }
        try flush(into: &sink)
    }

    private mutating func flush(into sink: inout some FrameSink & ~Copyable) throws {
        if staged.isEmpty { return }
        try sink.write(staged.octets)
        staged.removeAll()
    }
}
