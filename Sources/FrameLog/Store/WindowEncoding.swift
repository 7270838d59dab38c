import Bytes
import Posix
import TimeFrame

extension SealedWindow {
    /// How the window's frame is laid out.
    ///
    /// - Throws: `FrameError`.
    func layout() throws -> FrameLayout {
        var layout = try FrameLayout(startTimestamp: start, endTimestamp: end)
        for number in window.channels.indices {
            let channel = window.channels[number]
            try layout.addChannel(
                id: window.id(of: number), type: window.type(of: number), itemCount: channel.itemCount,
                payloadByteCount: channel.payloadByteCount)
        }
        return layout
    }

    /// Writes the window's frame into `sink`, piece by piece. The items' octets come from the mapped
    /// segments, since items of one channel lie scattered among the others' and a system call for each would
    /// take longer than the window.
    ///
    /// - Throws: what the sink throws, `SystemError` of the segments, or `FrameLogError` where an item is not
    ///   what was written.
    func encode(
        _ layout: FrameLayout, order: MetadataOrder, into sink: inout some FrameSink & ~Copyable
    ) throws {
        var maps: [MappedFile] = []
        for segment in segments { maps.append(try segment.file.map()) }
        var encoder = try FrameEncoder(layout, order: order, into: &sink)
        for place in window.references.orderedByChannel(itemCounts: window.channels.map(\.itemCount)) {
            let reference = window.references[Int(place)]
            let number = Int(reference.position.segment - segments[0].sequence)
            let offset = Int(reference.position.offset)
            let map = maps[number]
            let record = map.octets.extracting(offset..<offset + Int(reference.byteCount))
            // Checked once more, so that what the disk has damaged is never frozen into a frame with a digest
            // that fits.
            guard let checked = Record(checking: record), checked.byteCount == record.count,
                let item = ItemRecord(decoding: record)
            else {
                throw FrameLogError(
                    reason: .corrupt, path: segments[number].path, offset: UInt64(offset),
                    detail: "an item that was on the disk can't be read")
            }
            try encoder.write(timestamp: item.timestamp, data: record.extracting(item.payload), into: &sink)
        }
        try encoder.finish(into: &sink)
    }
}

/// A file that a frame is written to, and the digest of what was written.
struct FrameFileSink<File: StorageFile, Digest: ContentDigest & ~Copyable>: ~Copyable, FrameSink {
    private let file: File
    private var position: UInt64 = 0
    private var digest = Digest()

    init(_ file: File) { self.file = file }

    mutating func write(_ octets: Span<UInt8>) throws {
        digest.update(octets)
        try file.write(octets, at: position)
        position += UInt64(octets.count)
    }

    /// The digest of all that was written. Nothing follows.
    mutating func finish() -> [UInt8] { digest.finish() }
}
