internal import Bytes

/// A frame's content as plain values, for frames that fit in memory: to make one, to compare two, to look
/// into one.
///
///     let channel = FrameContent.Channel(
///         id: "kitchen/temperature", type: "application/json",
///         items: [FrameContent.Item(timestamp: 1_732_310_400_123, data: Array("21.5".utf8))])
///     let content = FrameContent(
///         startTimestamp: 1_732_310_400_000, endTimestamp: 1_732_310_410_000, channels: [channel])
///     let octets = try content.encode()
///     let same = try FrameContent(decoding: octets.span)
public struct FrameContent: Sendable, Hashable {
    /// A channel with its items.
    public struct Channel: Sendable, Hashable {
        /// The channel's id: UTF-8, not empty, unique in the frame.
        public var id: [UInt8]
        /// The channel's type: UTF-8, may be empty.
        public var type: [UInt8]
        /// The items in the order in which the server took them.
        public var items: [Item]

        /// Makes a channel of octets that should be UTF-8; encoding checks that they are.
        public init(id: [UInt8], type: [UInt8], items: [Item]) {
            self.id = id
            self.type = type
            self.items = items
        }

        /// Makes a channel with a name and a type given as text.
        public init(id: String, type: String, items: [Item]) {
            self.init(id: Array(id.utf8), type: Array(type.utf8), items: items)
        }
    }

    /// An item of a channel.
    public struct Item: Sendable, Hashable {
        /// When the item was taken, or when its device says it was: milliseconds since the UNIX epoch. It may
        /// lie outside the frame's own time.
        public var timestamp: UInt64
        /// The octets as they were posted.
        public var data: [UInt8]

        /// Makes an item.
        public init(timestamp: UInt64, data: [UInt8]) {
            self.timestamp = timestamp
            self.data = data
        }
    }

    /// Where the frame's time begins, in milliseconds since the UNIX epoch.
    public var startTimestamp: UInt64
    /// Where the frame's time ends, in milliseconds since the UNIX epoch; not before the start.
    public var endTimestamp: UInt64
    /// The channels in the order in which they first appeared.
    public var channels: [Channel]

    /// Makes a frame's content; whether it can be encoded shows when it is.
    public init(startTimestamp: UInt64, endTimestamp: UInt64, channels: [Channel]) {
        self.startTimestamp = startTimestamp
        self.endTimestamp = endTimestamp
        self.channels = channels
    }

    /// Reads a whole frame and copies its content. Throws what is wrong with the frame and at which octet.
    ///
    /// - Parameters:
    ///   - octets: the whole frame and nothing else.
    ///   - order: the order in which its records were written.
    public init(decoding octets: Span<UInt8>, order: MetadataOrder = .typeFirst) throws(FrameError) {
        let reader = try FrameReader(octets, order: order)
        self.init(
            startTimestamp: reader.header.startTimestamp, endTimestamp: reader.header.endTimestamp,
            channels: [])
        channels.reserveCapacity(reader.channelCount)
        for index in 0..<reader.channelCount {
            let source = reader.channel(at: index)
            var channel = Channel(id: source.id.copied(), type: source.type.copied(), items: [])
            channel.items.reserveCapacity(source.itemCount)
            var items = source.items
            while let item = items.next() {
                channel.items.append(Item(timestamp: item.timestamp, data: item.data.copied()))
            }
            channels.append(channel)
        }
    }

    /// The plan of the frame with this content. Throws what is wrong with it and at which octet of the frame
    /// it would be.
    public func layout() throws(FrameError) -> FrameLayout {
        var layout = try FrameLayout(startTimestamp: startTimestamp, endTimestamp: endTimestamp)
        for channel in channels {
            var payload: UInt64 = 0
            for item in channel.items { payload += UInt64(item.data.count) }
            try layout.addChannel(
                id: channel.id, type: channel.type, itemCount: channel.items.count, payloadByteCount: payload)
        }
        return layout
    }

    /// The frame's octets. Throws what is wrong with the content, as `layout()` does.
    public func encode(order: MetadataOrder = .typeFirst) throws(FrameError) -> [UInt8] {
        let layout = try layout()
        var octets: [UInt8] = []
        octets.reserveCapacity(Int(layout.frameByteCount))
        layout.appendPreamble(order: order, to: &octets)
        for channel in channels {
            for item in channel.items {
                FrameLayout.appendPrefix(
                    timestamp: item.timestamp, byteCount: UInt64(item.data.count), to: &octets)
                octets.append(copying: item.data.span)
            }
        }
        return octets
    }

    /// Writes the frame's octets into a sink, piece by piece. Throws a `FrameError` as `layout()` does, or
    /// what the sink throws.
    public func encode(
        order: MetadataOrder = .typeFirst, into sink: inout some FrameSink & ~Copyable
    ) throws {
        var encoder = try FrameEncoder(layout(), order: order, into: &sink)
        for channel in channels {
            for item in channel.items {
                try encoder.write(timestamp: item.timestamp, data: item.data.span, into: &sink)
            }
        }
        try encoder.finish(into: &sink)
    }
}
