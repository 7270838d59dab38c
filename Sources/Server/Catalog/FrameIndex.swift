import Bytes
import Compression

/// What the members of the index's objects are called.
enum IndexMembers: Sendable {
    /// `startAt`, `endAt` and `id`.
    case documented
    /// `StartAt`, `EndAt` and `Id`, as the Go server's clients read them.
    case go

    var beforeStart: StaticString { self == .go ? "{\"StartAt\":" : "{\"startAt\":" }
    var beforeEnd: StaticString { self == .go ? ",\"EndAt\":" : ",\"endAt\":" }
    var beforeID: StaticString { self == .go ? ",\"Id\":\"" : ",\"id\":\"" }
}

/// The body of `GET /frame`, made once a sealed frame and not once a request: newest first, each object with
/// exactly three members (`IndexMembers`).
struct FrameIndex: Sendable {
    /// The JSON array.
    let octets: [UInt8]
    /// Its gzip form; nil where that is no smaller.
    let gzip: [UInt8]?
    /// Where each object begins, newest first, and where the array ends: so that a page is a part of
    /// `octets`. 32 bits reach for 50 million frames.
    private let offsets: [UInt32]

    /// - Parameter windows: the frames' bounds in milliseconds, oldest first.
    init(
        windows: some BidirectionalCollection<(startTimestamp: UInt64, endTimestamp: UInt64)>,
        members: IndexMembers = .documented
    ) {
        var octets: [UInt8] = []
        var offsets: [UInt32] = []
        octets.reserveCapacity(windows.count * Self.objectByteCount + 2)
        offsets.reserveCapacity(windows.count + 1)
        octets.append("[")
        for window in windows.reversed() {
            if octets.count > 1 { octets.append(",") }
            offsets.append(UInt32(octets.count))
            Self.appendObject(window.startTimestamp, window.endTimestamp, members, to: &octets)
        }
        octets.append("]")
        offsets.append(UInt32(octets.count))
        self.octets = octets
        self.offsets = offsets
        gzip = Self.compressed(octets.span)
    }

    /// Where the objects of a run of frames stand in `octets`, without the brackets around.
    ///
    /// - Parameter frames: positions counted from the oldest frame, not empty.
    func octetRange(ofFrames frames: Range<Int>) -> Range<Int> {
        precondition(!frames.isEmpty, "no frame has no octets")
        let count = offsets.count - 1
        // A separator, or the closing bracket, stands behind the last object.
        return Int(offsets[count - frames.upperBound])..<Int(offsets[count - frames.lowerBound]) - 1
    }

    private static func appendObject(
        _ start: UInt64, _ end: UInt64, _ members: IndexMembers, to octets: inout [UInt8]
    ) {
        octets.append(members.beforeStart)
        octets.append(decimal: start)
        octets.append(members.beforeEnd)
        octets.append(decimal: end)
        octets.append(members.beforeID)
        octets.append(decimal: start)
        octets.append("\"}")
    }

    /// The gzip form; nil where it would not be smaller, or where there is no memory for it.
    private static func compressed(_ octets: Span<UInt8>) -> [UInt8]? {
        // Out of memory is its only error, and the index is complete without this form.
        guard var encoder = try? GzipEncoder() else { return nil }
        var gzip = Buffer()
        encoder.update(octets, into: &gzip)
        encoder.finish(into: &gzip)
        return gzip.count < octets.count ? gzip.octets.copied() : nil
    }

    /// With timestamps of 13 digits, which they have until the year 2286.
    private static let objectByteCount = 71
}
