/// Where an item's record stands in the log, and which channel of its window it belongs to: 16 octets.
struct ItemReference: Sendable, Equatable {
    let position: LogPosition
    /// The octets of the whole record.
    let byteCount: UInt32
    /// The channel's number within the window.
    let channel: UInt32
}

/// A list of references that grows without moving what it holds, so that no commit pays for a million items'
/// copying.
struct ReferenceList: Sendable {
    /// 64 KiB a chunk.
    private static let chunkCount = 4096

    private var chunks: [[ItemReference]] = []
    private(set) var count = 0

    subscript(index: Int) -> ItemReference { chunks[index / Self.chunkCount][index % Self.chunkCount] }

    mutating func append(_ reference: ItemReference) {
        if count % Self.chunkCount == 0 {
            // A window of one item must not cost 64 KiB: the first chunk grows as it is filled.
            var chunk: [ItemReference] = []
            if count > 0 { chunk.reserveCapacity(Self.chunkCount) }
            chunks.append(chunk)
        }
        chunks[chunks.count - 1].append(reference)
        count += 1
    }

    /// The places of the references in this list, channel after channel, and within a channel in the order of
    /// this list: 4 octets each.
    func orderedByChannel(itemCounts: [Int]) -> [UInt32] {
        var next: [Int] = []
        next.reserveCapacity(itemCounts.count)
        var total = 0
        for itemCount in itemCounts {
            next.append(total)
            total += itemCount
        }
        precondition(total == count, "the channels' items are the list's")
        var order = [UInt32](repeating: 0, count: count)
        var place: UInt32 = 0
        for chunk in chunks {
            for reference in chunk {
                let channel = Int(reference.channel)
                order[next[channel]] = place
                next[channel] += 1
                place += 1
            }
        }
        return order
    }
}
