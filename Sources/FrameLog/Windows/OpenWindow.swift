import Bytes

/// The items of one window by reference, in the order of the log.
///
/// An item comes in two steps, since nothing counts before it is durable: `admit` finds its channel, and
/// makes it where it is the first; `apply` adds the item. Channels that were made for items that never came
/// stand behind all others, without items, until `rollBack`.
struct OpenWindow: Sendable {
    struct Channel: Sendable {
        /// Where the channel's id and, behind it, its type stand in `names`.
        fileprivate let nameStart: Int
        fileprivate let idByteCount: UInt8
        fileprivate let typeByteCount: UInt8
        fileprivate(set) var itemCount = 0
        fileprivate(set) var payloadByteCount: UInt64 = 0

        fileprivate var id: Range<Int> { nameStart..<nameStart + Int(idByteCount) }
        fileprivate var type: Range<Int> { id.upperBound..<id.upperBound + Int(typeByteCount) }
    }

    enum Admission: Equatable {
        case channel(UInt32)
        case typeConflict(type: [UInt8])
        case full
    }

    let start: UInt64
    let end: UInt64
    private(set) var channels: [Channel] = []
    private(set) var references = ReferenceList()
    /// Octets of all items applied.
    private(set) var payloadByteCount: UInt64 = 0
    /// Where the log's first record of this window stands.
    private(set) var firstPosition: LogPosition?
    /// What was noted of uploads with keys before this window was sealed, and after the one before.
    var keys: [KeyRecord] = []
    private var ids = OctetIndex()
    /// The ids and types of all channels, one after the other.
    private var names: [UInt8] = []
    /// The items admitted: those applied, and those on their way.
    private var admittedCount = 0

    init(start: UInt64, end: UInt64) {
        self.start = start
        self.end = end
    }

    var isEmpty: Bool { references.count == 0 }

    /// Finds the channel of an item, or makes it.
    mutating func admit(
        id: Span<UInt8>, type: Span<UInt8>, channelsMax: Int, itemsMax: Int
    ) -> Admission {
        if admittedCount >= itemsMax { return .full }
        if let number = ids.position(
            of: id, isSame: { names.span.extracting(channels[$0].id).isEqual(to: id) })
        {
            if !names.span.extracting(channels[number].type).isEqual(to: type) {
                return .typeConflict(type: self.type(of: number))
            }
            admittedCount += 1
            return .channel(UInt32(number))
        }
        if channels.count >= channelsMax { return .full }
        precondition(id.isUTF8 && type.isUTF8, "a frame can't hold a channel whose id or type isn't UTF-8")
        let number = channels.count
        _ = ids.insert(id, at: number, isSame: { _ in false })
        channels.append(
            Channel(nameStart: names.count, idByteCount: UInt8(id.count), typeByteCount: UInt8(type.count)))
        names.append(copying: id)
        names.append(copying: type)
        admittedCount += 1
        return .channel(UInt32(number))
    }

    func id(of channel: Int) -> [UInt8] { Array(names[channels[channel].id]) }
    func type(of channel: Int) -> [UInt8] { Array(names[channels[channel].type]) }

    /// Adds an item that is durable now. Items come in the order in which they were admitted.
    mutating func apply(_ reference: ItemReference, payloadByteCount: Int) {
        if firstPosition == nil { firstPosition = reference.position }
        references.append(reference)
        channels[Int(reference.channel)].itemCount += 1
        channels[Int(reference.channel)].payloadByteCount += UInt64(payloadByteCount)
        self.payloadByteCount += UInt64(payloadByteCount)
    }

    /// Forgets what was admitted and not applied.
    mutating func rollBack() {
        admittedCount = references.count
        guard channels.last?.itemCount == 0 else { return }
        while let last = channels.last, last.itemCount == 0 {
            names.removeLast(names.count - last.nameStart)
            channels.removeLast()
        }
        var left = OctetIndex()
        for number in channels.indices {
            _ = left.insert(names.span.extracting(channels[number].id), at: number, isSame: { _ in false })
        }
        ids = left
    }
}
