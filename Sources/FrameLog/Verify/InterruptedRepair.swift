/// The file that stands in the log's folder from the moment that its new segments are complete until they are
/// in place: `0000000a.repair`, where 0000000a is the first new segment's number.
///
/// While it is there, no server starts: a part of the old log may be gone, and the new one isn't there yet.
/// What is left to do follows from it: older segments are moved aside, and `0000000a.segment.new` and those
/// after it lose their `.new`.
enum InterruptedRepair {
    /// What new segments' names end with, which no server takes for segments or removes.
    static let newSuffix = ".new"
    private static let suffix = ".repair"
    private static let segmentSuffix = ".segment"

    /// The marker's name where `sequence` is the first new segment's.
    static func name(of sequence: UInt32) -> String {
        Segment<DiskStorage>.name(of: sequence).dropLast(segmentSuffix.count) + suffix
    }

    /// The first new segment's number where a file name is a marker's, else nil.
    static func sequence(of name: String) -> UInt32? {
        guard name.hasSuffix(suffix) else { return nil }
        return Segment<DiskStorage>.sequence(of: name.dropLast(suffix.count) + segmentSuffix)
    }

    /// The number of a new segment that isn't in place yet, or nil for any other file name.
    static func newSegment(_ name: String) -> UInt32? {
        guard name.hasSuffix(newSuffix) else { return nil }
        return Segment<DiskStorage>.sequence(of: String(name.dropLast(newSuffix.count)))
    }
}
