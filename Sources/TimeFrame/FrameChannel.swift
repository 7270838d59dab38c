internal import Bytes

/// One channel of a frame that is being read, borrowed from the frame's octets.
public struct FrameChannel: ~Escapable {
    /// The channel's id: UTF-8, never empty, unique in the frame.
    public let id: Span<UInt8>
    /// The channel's type: UTF-8, may be empty.
    public let type: Span<UInt8>
    /// How many items the channel has.
    public let itemCount: Int

    private let section: Span<UInt8>

    @_lifetime(copy id, copy type, copy section)
    init(id: Span<UInt8>, type: Span<UInt8>, itemCount: Int, section: Span<UInt8>) {
        self.id = id
        self.type = type
        self.itemCount = itemCount
        self.section = section
    }

    /// The octets of all its items' data together, without the items' prefixes.
    public var payloadByteCount: Int { section.count - itemCount * FrameLayout.itemPrefixByteCount }

    /// The channel's items from the first.
    public var items: FrameItems {
        @_lifetime(copy self)
        get { FrameItems(section) }
    }
}

/// Goes through a channel's items in the order in which the server took them.
public struct FrameItems: ~Escapable {
    private let section: Span<UInt8>
    private var position = 0

    @_lifetime(copy section)
    init(_ section: Span<UInt8>) {
        self.section = section
    }

    /// The next item, or nil behind the last one.
    @_lifetime(copy self)
    public mutating func next() -> FrameItem? {
        if position == section.count { return nil }
        let timestamp = section.bigEndian(at: position, as: UInt64.self)
        // The reader has checked that every item of the section ends inside it.
        let start = position + FrameLayout.itemPrefixByteCount
        let end = start + Int(section.bigEndian(at: position + 8, as: UInt64.self))
        position = end
        return FrameItem(timestamp: timestamp, data: section.extracting(start..<end))
    }
}

/// One item of a frame that is being read, borrowed from the frame's octets.
public struct FrameItem: ~Escapable {
    /// When the item was taken, or when its device says it was: milliseconds since the UNIX epoch. It may lie
    /// outside the frame's own time.
    public let timestamp: UInt64
    /// The octets as they were posted.
    public let data: Span<UInt8>

    @_lifetime(copy data)
    init(timestamp: UInt64, data: Span<UInt8>) {
        self.timestamp = timestamp
        self.data = data
    }
}
