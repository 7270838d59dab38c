import Bytes

/// Puts the log's entries into windows: a state machine without clock, disk or chance.
///
/// The same entries in the same order give the same windows, octet for octet, on every node and after every
/// restart. It holds references into the log, never an item's data: 16 octets an item.
///
/// - An item goes to the window its timestamp lies in; where that was sealed, to the oldest open one, which
///   begins at the watermark.
/// - A seal ends a window and moves the watermark to its end. Its items are those that were applied before.
/// - A resume moves the watermark on without a frame, past windows that nobody filled, and sets the windows'
///   length.
struct Assembler: Sendable {
    /// Where the item's window and channel were found.
    struct Slot: Equatable {
        let windowStart: UInt64
        let channel: UInt32
    }

    enum Admission: Equatable {
        case slot(Slot)
        case typeConflict(type: [UInt8])
        case full(windowEnd: UInt64)
    }

    /// Every window that starts before it is sealed or will never be; a multiple of the duration.
    /// Milliseconds since the UNIX epoch.
    private(set) var watermark: UInt64
    /// The length of windows in milliseconds; 0 before the first `resume`.
    private(set) var duration: UInt64
    /// The open windows that something was admitted to, oldest first: a handful.
    private(set) var windows: [OpenWindow] = []
    /// The uploads with keys that items came of.
    var keys = KeyTable()
    /// The window that the last item went to: mostly the next one's too.
    private var recent = 0

    /// Begins where a log begins, or where what is left of one says that it was then.
    init(watermark: UInt64 = 0, duration: UInt64 = 0) {
        self.watermark = watermark
        self.duration = duration
    }

    /// The start of the window that an item with this timestamp goes to.
    func windowStart(of timestamp: UInt64) -> UInt64 { max(timestamp / duration * duration, watermark) }

    /// Finds the window and the channel of an item that is about to be written. Changes nothing that a seal
    /// would see.
    mutating func admit(
        id: Span<UInt8>, type: Span<UInt8>, timestamp: UInt64, channelsMax: Int, itemsMax: Int
    ) -> Admission {
        precondition(duration > 0, "windows have a length before items come")
        let start = windowStart(of: timestamp)
        let place = findOrOpen(start)
        switch windows[place].admit(id: id, type: type, channelsMax: channelsMax, itemsMax: itemsMax) {
        case .channel(let channel): return .slot(Slot(windowStart: start, channel: channel))
        case .typeConflict(let type): return .typeConflict(type: type)
        case .full: return .full(windowEnd: windows[place].end)
        }
    }

    /// Adds an admitted item, whose record of `byteCount` octets is durable at `position`.
    mutating func apply(_ slot: Slot, position: LogPosition, byteCount: Int, payloadByteCount: Int) {
        let reference = ItemReference(position: position, byteCount: UInt32(byteCount), channel: slot.channel)
        windows[findOrOpen(slot.windowStart)].apply(reference, payloadByteCount: payloadByteCount)
    }

    /// Notes an admitted item's place in its upload.
    mutating func note(_ place: KeyedPlace, in slot: Slot) {
        keys.note(
            place.key, index: place.index, digest: place.digest,
            window: slot.windowStart..<slot.windowStart + duration)
    }

    /// Forgets what was admitted and not applied, since it could not be written.
    mutating func rollBack() {
        keys.rollBack()
        for place in windows.indices { windows[place].rollBack() }
        windows.removeAll { $0.isEmpty }
        recent = 0
    }

    /// Whether a window may be sealed next. What a log says is not to be trusted.
    func canSeal(_ start: UInt64, _ end: UInt64) -> Bool {
        if start < watermark || end <= start { return false }
        // Windows lie one behind the other: what is askew would overlap the next.
        if duration > 0 && (start % duration != 0 || end - start != duration) { return false }
        guard let oldest = windows.first else { return true }
        return oldest.start >= end || oldest.start == start && oldest.end == end
    }

    /// Whether windows may go on there.
    func canResume(from start: UInt64, _ duration: UInt64) -> Bool {
        // A group's header has 32 bits for the length.
        start >= watermark && duration > 0 && duration <= UInt32.max && start % duration == 0
            && windows.allSatisfy { $0.start >= start }
            && (windows.isEmpty || duration == self.duration)
    }

    /// Seals the window that starts at `start`, the oldest open one or one that nothing older is open beside,
    /// and returns what is in it.
    mutating func seal(start: UInt64, end: UInt64) -> OpenWindow {
        precondition(canSeal(start, end), "windows are sealed in order")
        let isFilled = windows.first?.start == start
        var sealed = isFilled ? windows.removeFirst() : OpenWindow(start: start, end: end)
        sealed.keys = keys.takeChanges()
        watermark = end
        recent = 0
        return sealed
    }

    /// Lets no window begin before `start` any more, and sets the windows' length from there on. Windows with
    /// items must not be open before `start`, and none at all where the length changes.
    mutating func resume(from start: UInt64, duration: UInt64) {
        precondition(canResume(from: start, duration), "windows go on where no item is left behind")
        watermark = start
        self.duration = duration
    }

    /// Forgets open windows that start before `limit`, since their frames exist.
    mutating func drop(before limit: UInt64) {
        windows.removeAll { $0.start < limit }
        recent = 0
    }

    private mutating func findOrOpen(_ start: UInt64) -> Int {
        if recent < windows.count && windows[recent].start == start { return recent }
        var place = 0
        while place < windows.count && windows[place].start < start { place += 1 }
        if place == windows.count || windows[place].start != start {
            windows.insert(OpenWindow(start: start, end: start + duration), at: place)
        }
        recent = place
        return place
    }
}
