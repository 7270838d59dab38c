import Bytes
import FrameLog

/// Items that a commit made durable, as events for those who follow their channels (the HTML standard,
/// "Server-sent events"). Made once an item, by the log's writer, however many follow.
struct ItemEvents {
    /// Events of one channel, in the order of the log.
    struct Block: Sendable {
        let channelID: [UInt8]
        let octets: [UInt8]
    }

    /// Octets from which on a channel's next event begins a block: few enough to be sent in one go.
    private static let blockByteCount = 16 * 1024

    private let watch: ChannelWatch
    private var blocks: [[Block]]
    // The run of items of one channel that is gathered.
    private var channelID: [UInt8] = []
    private var loops: [Int] = []
    private var octets: [UInt8] = []

    /// - Parameter loopCount: how many loops there are; the watch names them by 0 up to that.
    init(watch: ChannelWatch, loopCount: Int) {
        self.watch = watch
        blocks = [[Block]](repeating: [], count: loopCount)
    }

    /// Adds what was accepted of a batch that came back from the log.
    mutating func add(_ batch: borrowing ItemBatch) {
        for index in 0..<batch.count {
            guard case .accepted = batch.outcomes[index].verdict else { continue }
            let item = batch.item(at: index)
            if !item.channelID.isEqual(to: channelID.span) { begin(item.channelID) }
            if loops.isEmpty { continue }
            Self.append(item, to: &octets)
            if octets.count >= Self.blockByteCount { endBlock() }
        }
    }

    /// Gives each loop that follows anything its blocks.
    mutating func takeBlocks(_ body: (_ loop: Int, _ blocks: [Block]) -> Void) {
        endBlock()
        channelID = []
        for loop in blocks.indices where !blocks[loop].isEmpty {
            body(loop, blocks[loop])
            blocks[loop] = []
        }
    }

    private mutating func begin(_ channelID: Span<UInt8>) {
        endBlock()
        self.channelID = channelID.copied()
        loops = watch.loops(of: self.channelID)
    }

    private mutating func endBlock() {
        if octets.isEmpty { return }
        let block = Block(channelID: channelID, octets: octets)
        for loop in loops { blocks[loop].append(block) }
        octets = []
    }

    /// An event: its name is the channel's type, its id the item's timestamp, its data the item: JSON as it
    /// was posted, everything else in base 64, which the name says.
    static func append(_ item: borrowing BatchItem, to octets: inout [UInt8]) {
        octets.append("event: ")
        octets.append(copying: item.channelType)
        octets.append(item.isJSON ? "\nid: " : ";base64\nid: ")
        octets.append(decimal: item.timestamp)
        octets.append("\ndata: ")
        if item.isJSON {
            appendLines(of: item.data, to: &octets)
        } else {
            Base64.append(item.data, to: &octets)
        }
        octets.append("\n\n")
    }

    /// JSON has line ends between its tokens only, so it is the same with others in their places.
    private static func appendLines(of json: Span<UInt8>, to octets: inout [UInt8]) {
        octets.reserveCapacity(octets.count + json.count)
        for index in json.indices {
            switch json[index] {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): octets.append("\ndata: ")
            default: octets.append(json[index])
            }
        }
    }
}
