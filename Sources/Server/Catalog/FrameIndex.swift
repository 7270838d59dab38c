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
    /// Its gzip form, in blocks of some objects each; nil where that is no smaller.
    private let blocks: GzipBlocks?
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
        blocks = Self.compressed(octets.span, offsets)
    }

    /// The gzip form; nil where that is no smaller.
    var gzip: [UInt8]? { blocks?.file }

    /// Where the objects of a run of frames stand in `octets`, without the brackets around.
    ///
    /// - Parameter frames: positions counted from the oldest frame, not empty.
    func octetRange(ofFrames frames: Range<Int>) -> Range<Int> {
        precondition(!frames.isEmpty, "no frame has no octets")
        let count = offsets.count - 1
        // A separator, or the closing bracket, stands behind the last object.
        return Int(offsets[count - frames.upperBound])..<Int(offsets[count - frames.lowerBound]) - 1
    }

    /// Puts together the gzip form of a page, from blocks that are compressed already: a page costs a copy of
    /// some objects at its ends, however large it is.
    ///
    /// - Parameters:
    ///   - frames: positions counted from the oldest frame, not empty.
    ///   - text: gets what is the page's own.
    /// - Returns: which part of `gzip` goes in between, and from which position of `text` on what follows it
    ///   stands; nil where that is no smaller than the page as it is.
    func appendGzipPage(ofFrames frames: Range<Int>, to text: inout [UInt8]) -> (
        blocks: Range<Int>, end: Int
    )? {
        let count = offsets.count - 1
        let (first, end) = (count - frames.upperBound, count - frames.lowerBound)
        // A block begins with what stands before its first object; before a page's first that is a bracket.
        let firstBlock = first == 0 ? 0 : first / Self.blockObjects + 1
        let endBlock = end == count ? Self.blockCount(count) : end / Self.blockObjects
        guard let blocks, firstBlock < endBlock else { return nil }
        let page = octetRange(ofFrames: frames)
        var before = Buffer()
        var after = Buffer()
        if first > 0 {
            before.append(UInt8(ascii: "["))
            before.append(copying: octets.span.extracting(page.lowerBound..<bound(firstBlock)))
        }
        after.append(copying: octets.span.extracting(bound(endBlock)..<page.upperBound))
        after.append(UInt8(ascii: "]"))
        let compressed = blocks.fileRange(of: firstBlock..<endBlock)
        let byteCount = before.count + compressed.count + after.count + GzipBlocks.frameByteCountMax
        if byteCount >= page.count + 2 { return nil }
        let position = blocks.appendFrame(
            of: firstBlock..<endBlock, before: before.octets, after: after.octets, to: &text)
        return (compressed, position)
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
    private static func compressed(_ octets: Span<UInt8>, _ offsets: [UInt32]) -> GzipBlocks? {
        let bounds = (0...blockCount(offsets.count - 1)).map { bound($0, octets.count, offsets) }
        // Out of memory is its only error, and the index is complete without this form.
        guard let blocks = try? GzipBlocks(octets, bounds: bounds) else { return nil }
        return blocks.file.count < octets.count ? blocks : nil
    }

    private func bound(_ block: Int) -> Int { Self.bound(block, octets.count, offsets) }

    /// Where a block begins, which is where the one before it ends; the last one ends before the bracket that
    /// closes.
    private static func bound(_ block: Int, _ byteCount: Int, _ offsets: [UInt32]) -> Int {
        if block == 0 { return 0 }
        let first = block * blockObjects
        return first < offsets.count - 1 ? Int(offsets[first]) - 1 : byteCount - 1
    }

    private static func blockCount(_ objects: Int) -> Int {
        max(1, (objects + blockObjects - 1) / blockObjects)
    }

    /// Objects in a block of the gzip form. With 32 it takes an eighth more than without blocks, and a tenth
    /// of the time; of a page as many at most stand uncompressed at each end.
    private static let blockObjects = 32

    /// With timestamps of 13 digits, which they have until the year 2286.
    private static let objectByteCount = 71
}
