package import Bytes

/// The plan of a frame that is going to be written: which channels it has, and how much data each of them.
///
/// It holds totals of channels and nothing of any item, so a frame of a million items in ten channels costs a
/// few hundred octets to plan. Write the frame with a `FrameEncoder`, or take the first part from
/// `preamble(order:)` and append the items.
public struct FrameLayout: Sendable {
    /// The octets that precede an item's data: its timestamp and its size, 8 octets each.
    public static let itemPrefixByteCount = 16
    /// The octets of a channel's record before its type and id.
    static let recordPrefixByteCount = 16

    struct Channel: Sendable {
        let id: [UInt8]
        let type: [UInt8]
        let itemCount: UInt64
        let payloadByteCount: UInt64
        /// Where its items begin in the data section.
        let dataOffset: UInt64
    }

    /// Where the frame's time begins, in milliseconds since the UNIX epoch.
    public let startTimestamp: UInt64
    /// Where the frame's time ends, in milliseconds since the UNIX epoch.
    public let endTimestamp: UInt64
    /// The octets of the metadata section with the channels added so far.
    public private(set) var metadataByteCount: UInt32 = 0
    /// The octets of the data section with the channels added so far.
    public private(set) var dataByteCount: UInt64 = 0

    private(set) var channels: [Channel] = []
    private var ids = OctetIndex()

    /// Begins a plan for a time in milliseconds since the UNIX epoch. Throws `endBeforeStart`.
    public init(startTimestamp: UInt64, endTimestamp: UInt64) throws(FrameError) {
        if endTimestamp < startTimestamp { throw FrameError(.endBeforeStart, at: 22) }
        self.startTimestamp = startTimestamp
        self.endTimestamp = endTimestamp
    }

    /// The channels added so far.
    public var channelCount: Int { channels.count }

    /// The octets of the whole frame with the channels added so far.
    public var frameByteCount: UInt64 {
        UInt64(FrameHeader.byteCount) + UInt64(metadataByteCount) + dataByteCount
    }

    var header: FrameHeader {
        FrameHeader(
            metadataByteCount: metadataByteCount, dataByteCount: dataByteCount,
            startTimestamp: startTimestamp, endTimestamp: endTimestamp)
    }

    /// Adds a channel behind those added before; its items will stand in the frame in the order of the
    /// channels.
    ///
    /// - Parameters:
    ///   - id: UTF-8, not empty, and not the id of a channel added before.
    ///   - type: UTF-8; may be empty.
    ///   - itemCount: how many items the channel has: 0 or more.
    ///   - payloadByteCount: the octets of all its items' data together, without the items' prefixes.
    ///
    /// Throws what is wrong with the id or the type, `metadataTooLong` or `frameTooLong`, and leaves the plan
    /// as it was. A negative item count, or data without an item, is a bug of the caller and traps.
    public mutating func addChannel(
        id: [UInt8], type: [UInt8], itemCount: Int, payloadByteCount: UInt64
    ) throws(FrameError) {
        precondition(itemCount >= 0, "a channel can't have fewer items than none")
        precondition(itemCount > 0 || payloadByteCount == 0, "a channel without items has no data")
        let record = UInt64(FrameHeader.byteCount) + UInt64(metadataByteCount)
        if id.isEmpty { throw FrameError(.idEmpty, at: record) }
        guard id.span.isUTF8 else { throw FrameError(.idNotUTF8, at: record) }
        guard type.span.isUTF8 else { throw FrameError(.typeNotUTF8, at: record) }
        let recordByteCount = UInt64(Self.recordPrefixByteCount) + UInt64(type.count) + UInt64(id.count)
        guard let metadata = UInt32(exactly: UInt64(metadataByteCount) + recordByteCount) else {
            throw FrameError(.metadataTooLong, at: record)
        }
        // An item count has 63 bits, so times 16 it can pass 64.
        let (prefixes, prefixOverflow) = UInt64(itemCount)
            .multipliedReportingOverflow(by: UInt64(Self.itemPrefixByteCount))
        let (section, sectionOverflow) = prefixes.addingReportingOverflow(payloadByteCount)
        let (data, dataOverflow) = dataByteCount.addingReportingOverflow(section)
        let frameOverflow = data.addingReportingOverflow(UInt64(FrameHeader.byteCount) + UInt64(metadata))
            .overflow
        if prefixOverflow || sectionOverflow || dataOverflow || frameOverflow {
            throw FrameError(.frameTooLong, at: record)
        }
        if ids.position(of: id.span, isSame: { channels[$0].id == id }) != nil {
            throw FrameError(.idDuplicate, at: record)
        }
        _ = ids.insert(id.span, at: channels.count, isSame: { _ in false })
        channels.append(
            Channel(
                id: id, type: type, itemCount: UInt64(itemCount), payloadByteCount: payloadByteCount,
                dataOffset: dataByteCount))
        metadataByteCount = metadata
        dataByteCount = data
    }

    /// The frame's header and metadata section, which the items follow.
    public func preamble(order: MetadataOrder = .typeFirst) -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(FrameHeader.byteCount + Int(metadataByteCount))
        appendPreamble(order: order, to: &octets)
        return octets
    }

    /// Appends the frame's header and metadata section to `sink`.
    ///
    /// | at | size | field of a record |
    /// | --- | --- | --- |
    /// | 0 | 8 | offset of the channel's first item in the data section |
    /// | 8 | 4 | channel type size, T (`idFirst`: the id's) |
    /// | 12 | 4 | channel id size, I (`idFirst`: the type's) |
    /// | 16 | T | channel type (`idFirst`: the id) |
    /// | 16 + T | I | channel id (`idFirst`: the type) |
    func appendPreamble(order: MetadataOrder, to sink: inout some OctetSink & ~Copyable) {
        header.append(to: &sink)
        for channel in channels { Self.append(channel, order: order, to: &sink) }
    }

    static func append(_ channel: Channel, order: MetadataOrder, to sink: inout some OctetSink & ~Copyable) {
        let (first, second) =
            switch order {
            case .typeFirst: (channel.type, channel.id)
            case .idFirst: (channel.id, channel.type)
            }
        sink.append(bigEndian: channel.dataOffset)
        sink.append(bigEndian: UInt32(first.count))
        sink.append(bigEndian: UInt32(second.count))
        sink.append(copying: first.span)
        sink.append(copying: second.span)
    }

    /// Appends what precedes an item's data: the item's timestamp in milliseconds since the UNIX epoch, and
    /// how many octets of data follow.
    package static func appendItemPrefix(timestamp: UInt64, byteCount: UInt64, to buffer: inout Buffer) {
        // Not generic for others, since what mentions a package import can't be specialised in their modules.
        appendPrefix(timestamp: timestamp, byteCount: byteCount, to: &buffer)
    }

    static func appendPrefix(
        timestamp: UInt64, byteCount: UInt64, to sink: inout some OctetSink & ~Copyable
    ) {
        sink.append(bigEndian: timestamp)
        sink.append(bigEndian: byteCount)
    }
}
