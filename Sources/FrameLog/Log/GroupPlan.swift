import Bytes
import Posix

/// The records that the next write is to hold, in order, and what follows from each once it is durable.
struct GroupPlan {
    struct Item {
        let slot: Assembler.Slot
        /// Where the item's outcome stands.
        let batch: UInt32
        let entry: UInt32
        /// Where the record begins behind the group's header, and how long it is.
        let offset: UInt32
        let byteCount: UInt32
        let payloadByteCount: UInt32
    }

    /// A move of the watermark without a frame.
    struct Resume: Equatable {
        let start: UInt64
        let duration: UInt64
    }

    /// Room that items leave free at a segment's end, so that windows can be sealed, and frames be stored and
    /// retired, when the disk has no room for a further segment: 64 KiB are 128 commits of seals alone.
    static func reserve(of segmentByteCount: Int) -> Int { min(64 << 10, segmentByteCount / 8) }

    /// The octets that a group of items can have in a segment that holds nothing else.
    static func roomMax(segmentByteCount: Int) -> Int {
        segmentByteCount - reserve(of: segmentByteCount) - SegmentHeader.sectorByteCount
    }

    private(set) var items: [Item] = []
    /// Windows that end behind the items, oldest first.
    private(set) var seals: [Range<UInt64>] = []
    /// Stands behind the seals.
    private(set) var resume: Resume?
    /// Octets of all records.
    private(set) var byteCount = 0
    private(set) var recordCount = 0
    private var checksums = CRC32C()

    private var pieces: [OctetPiece] = []
    /// Records that stand next to each other in one batch, and are going to be one piece.
    private var runOctets: [UInt8] = []
    private var runBatch = -1
    private var run = 0..<0
    private var controls: [UInt8] = []

    var isEmpty: Bool { recordCount == 0 }
    var recordsChecksum: UInt32 { checksums.value }

    /// The octets of the group, header included, once `more` octets of records have been added.
    func groupByteCount(with more: Int = 0) -> Int { GroupHeader.byteCount + byteCount + more }

    /// Adds an item of `batch`, which is the one at `place.batch` of its commit, and is not to change until
    /// `pieces` have been written.
    mutating func add(
        _ entry: ItemBatch.Entry, of batch: borrowing ItemBatch, at place: (batch: Int, entry: Int),
        slot: Assembler.Slot
    ) {
        precondition(controls.isEmpty, "items stand before a group's seals")
        let range = entry.range
        if runBatch == place.batch && run.upperBound == range.lowerBound {
            run = run.lowerBound..<range.upperBound
        } else {
            closeRun()
            runOctets = batch.records
            runBatch = place.batch
            run = range
        }
        items.append(
            Item(
                slot: slot, batch: UInt32(place.batch), entry: UInt32(place.entry), offset: UInt32(byteCount),
                byteCount: entry.byteCount, payloadByteCount: UInt32(entry.payloadByteCount)))
        count(byteCount: range.count, checksum: entry.checksum)
    }

    /// Adds the end of a window.
    mutating func addSeal(_ window: Range<UInt64>) {
        let checksum = Record.append(.seal, window.lowerBound, window.upperBound, to: &controls)
        seals.append(window)
        count(byteCount: Record.controlByteCount, checksum: checksum)
    }

    /// Adds a move of the watermark.
    mutating func addResume(_ resume: Resume) {
        let checksum = Record.append(.resume, resume.start, resume.duration, to: &controls)
        self.resume = resume
        count(byteCount: Record.controlByteCount, checksum: checksum)
    }

    /// All records, behind the group's header.
    mutating func pieces(behind header: GroupHeader) -> [OctetPiece] {
        closeRun()
        var all = [OctetPiece(header.encoded())]
        all.append(contentsOf: pieces)
        if !controls.isEmpty { all.append(OctetPiece(controls)) }
        return all
    }

    /// Forgets everything and keeps the memory.
    mutating func removeAll() {
        items.removeAll(keepingCapacity: true)
        seals.removeAll(keepingCapacity: true)
        resume = nil
        byteCount = 0
        recordCount = 0
        checksums = CRC32C()
        pieces.removeAll(keepingCapacity: true)
        runOctets = []
        runBatch = -1
        run = 0..<0
        controls.removeAll(keepingCapacity: true)
    }

    private mutating func count(byteCount more: Int, checksum: UInt32) {
        byteCount += more
        recordCount += 1
        var octets = InlineArray<4, UInt8>(repeating: 0)
        for index in 0..<4 { octets[index] = UInt8(truncatingIfNeeded: checksum >> (24 - 8 * UInt32(index))) }
        checksums.update(octets.span)
    }

    private mutating func closeRun() {
        if !run.isEmpty { pieces.append(OctetPiece(runOctets, run)) }
        run = 0..<0
    }
}
