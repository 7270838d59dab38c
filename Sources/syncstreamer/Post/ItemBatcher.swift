import Bytes
import Server

/// What is posted at once: whole items as they stood in the input.
struct PostedBatch {
    let octets: [UInt8]
    let itemCount: UInt64
    /// The number of its first item in all of the input, from 0.
    let firstItem: UInt64
}

/// Cuts input into items, and gathers them until there are enough for a request.
final class ItemBatcher {
    /// How the input is to be cut.
    enum Form {
        case lines
        case records
    }

    /// The most that any server takes as one item.
    static let itemByteCountMax = 1 << 30
    /// A request's worth: few enough that a retry is cheap, many enough that a round trip is.
    static let batchItemsMax: UInt64 = 5_000
    static let batchByteCountMax = 1 << 20

    private var content = Buffer()
    /// The octets of whole items at the beginning of the content.
    private var whole = 0
    private var itemCount: UInt64 = 0
    private var firstItem: UInt64 = 0
    private var cutter: ItemCutter

    init(_ form: Form) {
        cutter =
            switch form {
            case .lines: .lines(LineCutter(byteCountMax: Self.itemByteCountMax))
            case .records: .records(RecordCutter(byteCountMax: Self.itemByteCountMax))
            }
    }

    /// Whether no whole item waits.
    var isEmpty: Bool { itemCount == 0 }

    /// Whether there is enough for a request.
    var isFull: Bool { itemCount >= Self.batchItemsMax || whole >= Self.batchByteCountMax }

    /// Whether the input ended within an item.
    var isTorn: Bool { !content.isEmpty }

    /// Takes input.
    func take(_ octets: Span<UInt8>) { content.append(copying: octets) }

    /// Looks for whole items in what has come, as far as one request's worth.
    ///
    /// - Parameter isEnd: nothing will follow.
    func cut(isEnd: Bool = false) throws {
        while !isFull {
            switch cutter.next(content.octets.extracting(whole...), isEnd: isEnd) {
            case .item(_, _, let consumed):
                whole += consumed
                itemCount += 1
            case .tooLarge:
                throw CommandFailure(
                    "item \(firstItem + itemCount) is larger than any item may be, "
                        + "\(Self.itemByteCountMax) octets"
                )
            case .needsMore(let consumed):
                // Blanks between items.
                whole += consumed
                if itemCount == 0 { dropWhole() }
                return
            case .torn: return
            }
        }
    }

    /// Takes the items out.
    func takeBatch() -> PostedBatch {
        let batch = PostedBatch(
            octets: content.octets.extracting(first: whole).copied(), itemCount: itemCount,
            firstItem: firstItem)
        firstItem += itemCount
        itemCount = 0
        dropWhole()
        return batch
    }

    private func dropWhole() {
        content.consume(whole)
        whole = 0
    }
}
