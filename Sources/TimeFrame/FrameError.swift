/// What is wrong with a frame that was read, or was about to be written, and where.
public struct FrameError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public let reason: Reason
    /// The octet of the frame, counted from 0, at which the fault stands: of the number that is wrong where a
    /// number is wrong, and of the end of the input where octets are missing.
    public let offset: UInt64

    /// Makes an error; `offset` counts octets from the start of the frame.
    public init(_ reason: Reason, at offset: UInt64) {
        self.reason = reason
        self.offset = offset
    }

    init(_ reason: Reason, at offset: Int) {
        self.init(reason, at: UInt64(offset))
    }

    /// The reason and the offset in words: `a channel id is empty (at octet 42)`.
    public var description: String {
        "\(reason) (at octet \(offset))"
    }
}

extension FrameError {
    /// Why a frame is refused. Compare with the constants; later versions may add some.
    public struct Reason: Hashable, Sendable, CustomStringConvertible {
        /// The reason in words, without a full stop.
        public let description: String

        init(_ description: String) {
            self.description = description
        }
    }
}

/// What can be wrong with octets that are read.
extension FrameError.Reason {
    /// The input ends before a header could.
    public static let headerTruncated = Self("shorter than the 30-octet header")
    /// The frame has a version that this library doesn't know; it knows 1.
    public static func unsupportedVersion(_ version: UInt16) -> Self {
        Self("unsupported version \(version)")
    }
    /// The frame ends before it starts, by its timestamps.
    public static let endBeforeStart = Self("end timestamp before start timestamp")
    /// The header promises more metadata than the input holds.
    public static let metadataPastEnd = Self("metadata section runs past the end of the input")
    /// The metadata section's size cuts a record that is whole in the input.
    public static let metadataCutsRecord = Self("metadata section ends inside a record")
    /// The header promises more data than the input holds, or less data came than promised.
    public static let dataPastEnd = Self("data section runs past the end of the input")
    /// The input goes on behind what the header promises.
    public static let trailingOctets = Self("octets after the data section")
    /// A channel type is longer than what is left of the metadata section.
    public static let typePastEnd = Self("a channel type runs past the end of the metadata section")
    /// A channel id is longer than what is left of the metadata section.
    public static let idPastEnd = Self("a channel id runs past the end of the metadata section")
    /// A channel type is not text.
    public static let typeNotUTF8 = Self("a channel type is not valid UTF-8")
    /// A channel id is not text.
    public static let idNotUTF8 = Self("a channel id is not valid UTF-8")
    /// A channel id has no octets.
    public static let idEmpty = Self("a channel id is empty")
    /// Two channels have the same id, octet for octet.
    public static let idDuplicate = Self("a channel id occurs twice")
    /// A channel is said to begin behind the end of the data section.
    public static let offsetPastData = Self("a channel's offset lies outside the data section")
    /// A channel is said to begin before the one that precedes it.
    public static let offsetsDescend = Self("channel offsets descend")
    /// The data section begins with octets of no channel.
    public static let firstOffsetNotZero = Self("the first channel's offset is not zero")
    /// The header promises data, but there is no channel for it to belong to.
    public static let dataWithoutChannel = Self("data section without a channel")
    /// A channel is said to begin in the middle of an item of the channel before it.
    public static let offsetInsideItem = Self("a channel's offset falls inside an item")
    /// An item is longer than what is left of the data section.
    public static let itemPastEnd = Self("an item runs past the end of its channel's data")
}

/// What can be wrong with a frame that is planned or written, beside the above.
extension FrameError.Reason {
    /// The channels' records need more octets than the header can say.
    public static let metadataTooLong = Self("metadata section would be longer than 2^32-1 octets")
    /// The whole frame would have more octets than 64 bits can count.
    public static let frameTooLong = Self("frame would be longer than 2^64-1 octets")
    /// An item was written that the layout has no place for.
    public static let itemNotPlanned = Self("an item more than the layout holds")
    /// The frame was finished before all planned items were written.
    public static let itemMissing = Self("fewer items than the layout holds")
    /// A channel's items have more or fewer octets than the layout says.
    public static let payloadNotAsPlanned = Self("a channel's items do not add up to the size in the layout")
    /// An item's data came with more or fewer octets than were announced for it.
    public static let itemNotAsAnnounced = Self("an item's data is not as long as was announced")
}
