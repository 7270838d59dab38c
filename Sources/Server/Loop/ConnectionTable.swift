/// The connections of one loop by slot. A token is a slot and how often it was used, so that a late event or
/// a late answer from the log can't reach a connection that took over the slot.
struct ConnectionTable {
    private var slots: [Connection?] = []
    private var generations: [UInt32] = []
    private var free: [Int] = []
    private(set) var count = 0

    /// Slots in use or used before: what a sweep runs over.
    var slotCount: Int { slots.count }

    /// Reserves a slot and gives its token; `insert` must follow.
    mutating func makeToken() -> UInt64 {
        if let slot = free.popLast() { return token(of: slot) }
        slots.append(nil)
        generations.append(0)
        return token(of: slots.count - 1)
    }

    mutating func insert(_ connection: Connection) {
        let slot = Self.slot(of: connection.token)
        precondition(slots[slot] == nil, "a slot holds one connection")
        slots[slot] = connection
        count += 1
    }

    /// The connection a token was made for, if it still lives.
    func connection(for token: UInt64) -> Connection? {
        let slot = Self.slot(of: token)
        guard slot < slots.count, generations[slot] == UInt32(token >> 32) else { return nil }
        return slots[slot]
    }

    func connection(inSlot slot: Int) -> Connection? { slots[slot] }

    mutating func remove(_ connection: Connection) {
        let slot = Self.slot(of: connection.token)
        precondition(slots[slot] === connection, "a connection is removed once")
        slots[slot] = nil
        retire(slot)
        count -= 1
    }

    /// Gives back a token that no connection took.
    mutating func discard(token: UInt64) {
        retire(Self.slot(of: token))
    }

    private mutating func retire(_ slot: Int) {
        // Wraps after 2^31 uses of one slot; the top bit stays clear for the loop's own tokens.
        generations[slot] = (generations[slot] + 1) & 0x7FFF_FFFF
        free.append(slot)
    }

    private func token(of slot: Int) -> UInt64 { UInt64(generations[slot]) << 32 | UInt64(slot) }

    private static func slot(of token: UInt64) -> Int { Int(token & 0xFFFF_FFFF) }
}
