/// What was lost with the damaged parts of a log.
package struct LostEntries: Sendable, Equatable {
    /// Octets that can't be read.
    package private(set) var byteCount: UInt64 = 0
    /// Items and ends of windows known to be lost.
    package private(set) var count: UInt64 = 0
    /// Whether there may be more of them, since nothing tells how many there were.
    package private(set) var isAtLeast = false
    /// Where the first and the last window begin that may lack items: the store doesn't have them. Nil where
    /// everything that was lost is in the store, or nothing was. The last is `UInt64.max` where nobody knows.
    package private(set) var windows: ClosedRange<UInt64>?

    /// Where the last such window begins, or nil where there is none or nobody knows.
    package var lastWindow: UInt64? { windows.flatMap { $0.upperBound == .max ? nil : $0.upperBound } }

    /// The earliest time that something missing may have had, until the next group tells the latest.
    private var openFrom: UInt64?

    /// Whether anything was lost.
    package var isEmpty: Bool { byteCount == 0 && count == 0 && !isAtLeast }

    mutating func miss(octetCount: Int) { byteCount += UInt64(octetCount) }

    /// A part of unknown content is missing, when no window before `watermark` was open.
    mutating func missPart(from watermark: UInt64) {
        isAtLeast = true
        openFrom = min(openFrom ?? watermark, watermark)
    }

    /// Records of a group whose header tells when it was written.
    mutating func miss(_ group: GroupHeader, octetCount: Int, entryCount: Int) {
        miss(octetCount: octetCount)
        count += UInt64(entryCount)
        widen(group.watermark, Self.latest(group))
    }

    /// What is missing was before `group`.
    mutating func reach(_ group: GroupHeader) {
        guard let from = openFrom else { return }
        openFrom = nil
        widen(from, Self.latest(group))
    }

    /// The log has no further group.
    mutating func close(storedThrough: UInt64) {
        if let from = openFrom { widen(from, .max) }
        openFrom = nil
        guard let all = windows else { return }
        windows = all.upperBound < storedThrough ? nil : max(all.lowerBound, storedThrough)...all.upperBound
    }

    private mutating func widen(_ from: UInt64, _ through: UInt64) {
        let through = max(from, through)
        windows = min(windows?.lowerBound ?? from, from)...max(windows?.upperBound ?? through, through)
    }

    /// The start of the latest window that was open when the group was written: an item may be one window
    /// ahead of the clock.
    private static func latest(_ group: GroupHeader) -> UInt64 {
        let duration = max(1, UInt64(group.duration))
        let (sum, isOver) = max(group.clock, group.watermark).addingReportingOverflow(duration)
        return isOver ? .max : sum / duration * duration
    }
}
