/// What one loop keeps by slot. A token is a slot and how often it was used, so that a late event or a late
/// answer from the log can't reach what took over the slot.
struct SlotTable<Element> {
    private var slots: [Element?] = []
    private var generations: [UInt32] = []
    private var free: [Int] = []
    private(set) var count = 0

    /// Slots in use or used before: what a sweep runs over.
    var slotCount: Int { slots.count }

    /// Reserves a slot and gives its token; `insert` or `remove` must follow.
    mutating func makeToken() -> UInt64 {
        if let slot = free.popLast() { return token(of: slot) }
        slots.append(nil)
        generations.append(0)
        return token(of: slots.count - 1)
    }

    mutating func insert(_ element: Element, at token: UInt64) {
        let slot = Self.slot(of: token)
        precondition(slots[slot] == nil, "a slot holds one element")
        slots[slot] = element
        count += 1
    }

    /// Reserves a slot and fills it.
    mutating func insert(_ element: Element) -> UInt64 {
        let token = makeToken()
        insert(element, at: token)
        return token
    }

    /// What a token was made for, if it is still there.
    func element(at token: UInt64) -> Element? {
        let slot = Self.slot(of: token)
        guard slot < slots.count, generations[slot] == UInt32(token >> 32) else { return nil }
        return slots[slot]
    }

    func element(inSlot slot: Int) -> Element? { slots[slot] }

    /// Empties the slot, or gives it back where nothing took it. From now on the token leads nowhere.
    mutating func remove(at token: UInt64) {
        let slot = Self.slot(of: token)
        precondition(generations[slot] == UInt32(token >> 32), "an element is removed once")
        if slots[slot] != nil { count -= 1 }
        slots[slot] = nil
        // Wraps after 2^31 uses of one slot; the top bit stays clear for the loop's own tokens.
        generations[slot] = (generations[slot] + 1) & 0x7FFF_FFFF
        free.append(slot)
    }

    private func token(of slot: Int) -> UInt64 { UInt64(generations[slot]) << 32 | UInt64(slot) }

    private static func slot(of token: UInt64) -> Int { Int(token & 0xFFFF_FFFF) }
}
