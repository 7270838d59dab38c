internal import Bytes

/// Reads a frame where it lies, in memory or in a mapped file, without copying its items.
///
/// The initialiser checks the whole frame, every record and every item's size, so that nothing after it can
/// fail. It takes 16 octets of memory a channel and reads 16 octets an item, however large the items are.
///
///     let reader = try FrameReader(octets.span)
///     for index in 0..<reader.channelCount {
///         let channel = reader.channel(at: index)
///         var items = channel.items
///         while let item = items.next() { use(item.timestamp, item.data) }
///     }
public struct FrameReader: ~Escapable {
    /// What is kept of a channel; the rest is read again where it is asked for.
    struct Extent {
        /// Where its record begins in the frame.
        let record: Int
        let itemCount: Int
    }

    /// The sections' sizes and the frame's time.
    public let header: FrameHeader
    /// The order in which the records were read.
    public let order: MetadataOrder
    /// The items of all channels together.
    public let itemCount: Int

    private let octets: Span<UInt8>
    private let channels: [Extent]

    /// Checks a frame and makes it readable.
    ///
    /// - Parameters:
    ///   - octets: the whole frame and nothing else.
    ///   - order: the order in which its records were written.
    ///
    /// Throws what is wrong and at which octet.
    @_lifetime(copy octets)
    public init(_ octets: Span<UInt8>, order: MetadataOrder = .typeFirst) throws(FrameError) {
        let check = try FrameCheck(octets, order: order)
        header = check.header
        self.order = order
        itemCount = check.itemCount
        channels = check.channels
        self.octets = octets
    }

    /// Checks a frame whose order nobody has noted: in the documentation's order, and where that gives no
    /// frame, in the other.
    ///
    /// It tells whether the octets are a frame, not which order they are in: both have the same sizes in the
    /// same places, so a frame read in the wrong one is mostly sound, with its channels' ids and types
    /// exchanged.
    ///
    /// Throws what is wrong, and at which octet, in the documentation's order.
    @_lifetime(copy octets)
    package init(inEitherOrder octets: Span<UInt8>) throws(FrameError) {
        let check: FrameCheck
        do throws(FrameError) {
            check = try FrameCheck(octets, order: .typeFirst)
            order = .typeFirst
        } catch {
            // What is wrong in the one order is said, and what is in the other is not.
            guard let other = try? FrameCheck(octets, order: .idFirst) else { throw error }
            check = other
            order = .idFirst
        }
        header = check.header
        itemCount = check.itemCount
        channels = check.channels
        self.octets = octets
    }

    /// How many channels the frame has.
    public var channelCount: Int { channels.count }

    /// The channel at `index` (0 up to `channelCount` − 1), in the order in which the channels first
    /// appeared.
    @_lifetime(copy self)
    public func channel(at index: Int) -> FrameChannel {
        let extent = channels[index]
        let section = FrameHeader.byteCount + Int(header.metadataByteCount)
        let start = section + Int(octets.bigEndian(at: extent.record, as: UInt64.self))
        let end =
            index + 1 < channels.count
            ? section + Int(octets.bigEndian(at: channels[index + 1].record, as: UInt64.self)) : octets.count
        let names = RecordNames(octets, record: extent.record, order: order)
        return FrameChannel(
            id: octets.extracting(names.id), type: octets.extracting(names.type), itemCount: extent.itemCount,
            section: octets.extracting(start..<end))
    }
}

/// Where a checked record's id and type stand in the frame.
struct RecordNames {
    let id: Range<Int>
    let type: Range<Int>

    init(_ octets: Span<UInt8>, record: Int, order: MetadataOrder) {
        let first = record + FrameLayout.recordPrefixByteCount
        let second = first + Int(octets.bigEndian(at: record + 8, as: UInt32.self))
        let end = second + Int(octets.bigEndian(at: record + 12, as: UInt32.self))
        switch order {
        case .typeFirst: (type, id) = (first..<second, second..<end)
        case .idFirst: (id, type) = (first..<second, second..<end)
        }
    }
}
