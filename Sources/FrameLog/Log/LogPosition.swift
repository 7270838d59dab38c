/// A place in the log: later segments are later places. No other log, and no later run of this one, has the
/// same.
struct LogPosition: Sendable, Hashable, Comparable {
    /// The segment's sequence number.
    var segment: UInt32
    /// Octets from the segment file's beginning.
    var offset: UInt32

    static func < (left: LogPosition, right: LogPosition) -> Bool { left.rawValue < right.rawValue }

    /// Both numbers in one, the segment's in the upper half.
    var rawValue: UInt64 { UInt64(segment) << 32 | UInt64(offset) }

    init(segment: UInt32, offset: UInt32) {
        self.segment = segment
        self.offset = offset
    }

    init(rawValue: UInt64) {
        self.init(segment: UInt32(rawValue >> 32), offset: UInt32(truncatingIfNeeded: rawValue))
    }
}
