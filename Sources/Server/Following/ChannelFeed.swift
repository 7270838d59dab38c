/// The newest events of one channel that connections of this loop follow, which each of them reads at its own
/// pace. A connection holds a position and no octets, so what slow ones cost doesn't grow with their number.
///
/// Events come in blocks, numbered from 0. A block stays until all who follow have taken it, or until there
/// are too many octets behind it: who has not taken it by then has lost it.
final class ChannelFeed {
    let channelID: [UInt8]
    /// Octets of blocks that wait for somebody; one block may go beyond.
    private let byteCountMax: Int
    /// The tokens of the connections that follow; one that does so on several streams stands here as often.
    private(set) var followers: [UInt64] = []
    /// The number of the oldest block that is left.
    private(set) var first: UInt64 = 0
    private var blocks: [[UInt8]] = []
    /// Blocks at the front of `blocks` that are dropped already.
    private var droppedCount = 0
    private(set) var byteCount = 0
    /// How many of the followers have not taken the newest block.
    private var behindCount = 0

    init(channelID: [UInt8], byteCountMax: Int) {
        self.channelID = channelID
        self.byteCountMax = byteCountMax
    }

    /// The number of the block that comes next.
    var end: UInt64 { first + UInt64(blocks.count - droppedCount) }

    /// A block by its number, from `first` up to, and without, `end`.
    func block(_ number: UInt64) -> [UInt8] { blocks[droppedCount + Int(number - first)] }

    /// Appends a block for all who follow.
    ///
    /// - Parameter mayKeepMore: whether older blocks may stay that nobody would miss.
    func append(_ block: [UInt8], mayKeepMore: Bool) {
        if followers.isEmpty { return }
        blocks.append(block)
        byteCount += block.count
        behindCount = followers.count
        while byteCount > byteCountMax || !mayKeepMore, first + 1 < end { dropFirst() }
    }

    /// Somebody is there from the next block on.
    ///
    /// - Returns: that block's number.
    func add(_ token: UInt64) -> UInt64 {
        followers.append(token)
        return end
    }

    /// Somebody has gone whose next block would have been `position`.
    func remove(_ token: UInt64, at position: UInt64) {
        guard let index = followers.firstIndex(of: token) else { return }
        followers.swapAt(index, followers.count - 1)
        followers.removeLast()
        if position < end { noteCaughtUp() }
    }

    /// Somebody who was behind has taken the newest block.
    func noteCaughtUp() {
        behindCount -= 1
        if behindCount > 0 { return }
        first = end
        blocks.removeAll(keepingCapacity: blocks.capacity <= Self.keptBlocksMax)
        droppedCount = 0
        byteCount = 0
    }

    private func dropFirst() {
        byteCount -= blocks[droppedCount].count
        blocks[droppedCount] = []
        droppedCount += 1
        first += 1
        // So that dropping one costs no move of all others.
        if droppedCount * 2 > blocks.count {
            blocks.removeFirst(droppedCount)
            droppedCount = 0
        }
    }

    private static let keptBlocksMax = 64
}
