/// What one loop holds of uploads: what has come of items that are not whole yet, and what each upload needs
/// besides. Its own thread only.
///
/// Nobody waits for memory. Uploads that did could all be half-way, with none to finish; or all wait for one
/// that sends an octet a second. So an item of a known length has its room from the head on, or is refused
/// there, before its body; what has no known length takes room as it comes, and ends with 503 where there is
/// none. What was begun and fits goes on to its end.
///
/// A quarter is for those that hold little: a few devices with large items don't keep the many with small
/// ones out.
final class UploadMemory {
    /// What an upload holds without an item: itself, and its places in tables and lists.
    static let uploadByteCount = 1 << 10
    /// What it holds besides where its body is gzip (`Inflater`).
    static let inflaterByteCount = 48 << 10
    /// Up to here an upload holds little.
    static let littleByteCountMax = 64 << 10

    private let byteCountMax: Int
    /// What is held now.
    private(set) var byteCount = 0

    /// - Parameter byteCountMax: twice the largest item, or more.
    init(byteCountMax: Int = .max) {
        self.byteCountMax = byteCountMax
    }

    /// Whether an upload that holds `before` may come to hold `after`.
    func hasRoom(from before: Int = 0, to after: Int) -> Bool {
        if after <= before { return true }
        let roomMax = after <= Self.littleByteCountMax ? byteCountMax : byteCountMax - byteCountMax / 4
        return byteCount - before <= roomMax - after
    }

    /// An upload that held `before` holds `after` now.
    func change(from before: Int, to after: Int) {
        byteCount += after - before
        precondition(byteCount >= 0, "what was held is given back once")
    }
}

extension Upload {
    /// What it holds from its head on.
    var heldByteCount: Int {
        UploadMemory.uploadByteCount + (isGzip ? UploadMemory.inflaterByteCount : 0) + promisedByteCount
    }
}

/// Why an upload is not begun whose head was in order.
enum UploadRefusal: UInt8, CaseIterable, Sendable {
    /// As much as may waits for the disk.
    case queueFull
    /// Uploads hold as much memory as they may.
    case memoryFull
    /// As many Idempotency-Keys as may be are remembered, of all or of that sender.
    case keysFull

    var name: StaticString {
        switch self {
        case .queueFull: "queue-full"
        case .memoryFull: "memory-full"
        case .keysFull: "keys-full"
        }
    }
}
