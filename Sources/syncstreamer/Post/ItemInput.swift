import Bytes
import Posix

/// Standard input as batches of items: whatever is there, without waiting for more than a moment once there
/// is something.
final class ItemInput {
    /// Items that come close together are posted together.
    private static let gatheringMilliseconds: UInt64 = 50
    /// How often an interruption is looked for while nothing comes.
    private static let lookMilliseconds: UInt64 = 200

    private let batcher: ItemBatcher
    private var piece = Buffer()
    /// Nothing more will come, and all of it was handed out.
    private(set) var isAtEnd = false
    private var hasEnded = false

    init(_ form: ItemBatcher.Form) { batcher = ItemBatcher(form) }

    /// Whether the input ended within an item.
    var isTorn: Bool { isAtEnd && batcher.isTorn }

    /// Waits for the next batch. Nil at the end, and where it was interrupted.
    func next(until interruption: Interruption) throws -> PostedBatch? {
        var sendAt: UInt64?
        while !interruption.isRequested {
            try batcher.cut(isEnd: hasEnded)
            let now = Clock.monotonicMilliseconds()
            if !batcher.isEmpty && sendAt == nil { sendAt = now + Self.gatheringMilliseconds }
            if batcher.isFull || !batcher.isEmpty && (hasEnded || now >= sendAt ?? .max) {
                return batcher.takeBatch()
            }
            if hasEnded {
                isAtEnd = true
                return nil
            }
            let wait = sendAt.map { $0 - now } ?? Self.lookMilliseconds
            switch try StandardInput.readPiece(into: &piece, timeoutMilliseconds: Int32(wait)) {
            case .octets:
                batcher.take(piece.octets)
                piece.removeAll()
            case .none: break
            case .end: hasEnded = true
            }
        }
        return nil
    }
}
