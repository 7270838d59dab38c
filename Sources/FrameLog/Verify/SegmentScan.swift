import Bytes

/// What can be read of a segment's file, from its first octet to its last, whatever is between.
///
/// Groups are looked for at every sector, and one is only believed where it names the segment's salt, which
/// no client knows, and its own position.
struct SegmentScan {
    /// A stretch of the file behind its header.
    struct Part {
        enum Content: Equatable {
            /// A group, all of it.
            case whole
            /// A group whose header can be read, and not all of its records.
            case broken
            /// Octets that are no group.
            case gap
        }

        let content: Content
        let group: GroupHeader?
        /// Where it stands in the file, up to where the next part begins.
        let range: Range<Int>
    }

    /// What is wrong with the file as a whole.
    struct Fault: Equatable {
        let offset: Int
        let detail: String
        let isUnsupported: Bool
    }

    /// Nil where not even the octets behind it tell what it was.
    private(set) var header: SegmentHeader?
    private(set) var fault: Fault?
    private(set) var parts: [Part] = []
    /// The first octet that nothing uses and that is not zero, though no group has not been finished there.
    private(set) var stray: Int?

    /// Reads the file that is named for segment `sequence`.
    init(_ octets: Span<UInt8>, named sequence: UInt32) {
        do throws(FrameLogError) {
            header = try SegmentHeader(decoding: octets, sequence: sequence, path: "")
        } catch {
            let isUnsupported = error.reason == .unsupported
            fault = Fault(
                offset: Int(error.offset ?? 0), detail: error.detail, isUnsupported: isUnsupported)
            if !isUnsupported { header = SegmentHeader(salvaging: octets) }
        }
        guard let header else { return }
        findStray(octets, SegmentHeader.byteCount..<min(SegmentHeader.sectorByteCount, octets.count))
        scan(octets, header)
    }

    /// The latest position that a group says was on the disk.
    var durable: LogPosition { parts.reduce(.zero) { max($0, $1.group?.durable ?? .zero) } }

    /// Where the last whole group ends.
    var end: LogPosition? { parts.last { $0.content == .whole }?.group?.end }

    private mutating func scan(_ octets: Span<UInt8>, _ header: SegmentHeader) {
        let sector = SegmentHeader.sectorByteCount
        var used = octets.count
        while used > sector && octets[used - 1] == 0 { used -= 1 }
        var gap: Int?
        var offset = sector
        while offset < used {
            guard let group = GroupHeader(in: octets, at: offset, header: header) else {
                gap = gap ?? offset
                offset += sector
                continue
            }
            if let start = gap { parts.append(Part(content: .gap, group: nil, range: start..<offset)) }
            gap = nil
            let isWhole = GroupHeader(checking: octets, at: offset, header: header) != nil
            let end = min(max(Int(group.end.offset), offset + sector), octets.count)
            parts.append(Part(content: isWhole ? .whole : .broken, group: group, range: offset..<end))
            if isWhole { findStray(octets, group.recordsRange.upperBound..<end) }
            offset = end
        }
        if let start = gap { parts.append(Part(content: .gap, group: nil, range: start..<used)) }
    }

    private mutating func findStray(_ octets: Span<UInt8>, _ range: Range<Int>) {
        if stray == nil { stray = range.first { octets[$0] != 0 } }
    }
}

extension SegmentHeader {
    /// What a damaged file says of itself: its header, or, where that is damaged, the group behind it, which
    /// no client can have written there. Nil where neither can be read.
    init?(salvaging octets: Span<UInt8>) {
        if octets.count >= Self.byteCount,
            octets.bigEndian(at: 8, as: UInt32.self)
                == CRC32C.checksum(octets.extracting(12..<Self.byteCount))
        {
            self.init(
                sequence: octets.bigEndian(at: 16, as: UInt32.self),
                segmentByteCount: octets.bigEndian(at: 20, as: UInt32.self),
                salt: octets.bigEndian(at: 24, as: UInt64.self))
            return
        }
        let first = Self.sectorByteCount
        if octets.count < first + GroupHeader.byteCount || octets.count > Self.segmentByteCountMax {
            return nil
        }
        self.init(
            sequence: octets.bigEndian(at: first + 16, as: UInt32.self),
            // Of a file that was cut short, the rest of its last sector too: segments have whole ones.
            segmentByteCount: UInt32(Self.aligned(octets.count)),
            salt: octets.bigEndian(at: first + 8, as: UInt64.self))
        if GroupHeader(in: octets, at: first, header: self) == nil { return nil }
    }
}

extension LogPosition {
    static var zero: LogPosition { LogPosition(rawValue: 0) }
}
