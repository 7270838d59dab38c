/// Finds the position of a key by its octets, where the keys themselves stand elsewhere: in an array, or in a
/// file that is being read.
///
/// Open addressing with linear probing at a load of at most one half, 8 octets a slot, so at most 32 octets a
/// key just after growing. The hash is the standard library's, seeded anew in every process, so nobody can
/// choose keys that meet.
package struct OctetIndex: Sendable {
    /// A key's hash and its position plus one; all zero where the slot is free.
    private struct Slot {
        var hash: UInt32 = 0
        var place: UInt32 = 0
    }

    private var slots: [Slot] = []

    /// The keys held.
    package private(set) var count = 0

    /// Makes an index that holds no memory yet.
    package init() {}

    /// Where `key` was inserted, or nil. `isSame` says whether the key at a position is this one; it is asked
    /// about one wrong position in four thousand million.
    package func position(of key: Span<UInt8>, isSame: (Int) -> Bool) -> Int? {
        if slots.isEmpty { return nil }
        let slot = slots[search(Self.hash(key), isSame)]
        return slot.place == 0 ? nil : Int(slot.place) - 1
    }

    /// Inserts `key`, which stands at `position` (0 up to 2^32−2), or gives the position at which it was
    /// inserted before and changes nothing.
    package mutating func insert(_ key: Span<UInt8>, at position: Int, isSame: (Int) -> Bool) -> Int? {
        if count * 2 >= slots.count { grow() }
        let hash = Self.hash(key)
        let index = search(hash, isSame)
        if slots[index].place != 0 { return Int(slots[index].place) - 1 }
        slots[index] = Slot(hash: hash, place: UInt32(position + 1))
        count += 1
        return nil
    }

    /// Forgets all keys and keeps the memory.
    package mutating func removeAll() {
        for index in slots.indices { slots[index] = Slot() }
        count = 0
    }

    /// The slot that holds the key, or the free one where it belongs.
    private func search(_ hash: UInt32, _ isSame: (Int) -> Bool) -> Int {
        let mask = slots.count - 1
        var index = Int(hash) & mask
        while true {
            let slot = slots[index]
            if slot.place == 0 || slot.hash == hash && isSame(Int(slot.place) - 1) { return index }
            index = (index + 1) & mask
        }
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](repeating: Slot(), count: max(16, old.count * 2))
        let mask = slots.count - 1
        for slot in old where slot.place != 0 {
            var index = Int(slot.hash) & mask
            while slots[index].place != 0 { index = (index + 1) & mask }
            slots[index] = slot
        }
    }

    private static func hash(_ key: Span<UInt8>) -> UInt32 {
        var hasher = Hasher()
        // SAFETY: the pointer is used only within the closure, and the hasher only reads.
        unsafe key.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return UInt32(truncatingIfNeeded: hasher.finalize())
    }
}
