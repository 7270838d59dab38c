import Bytes
import Posix
import TimeFrame

/// Makes frames anew from the log's items, where all of them are still there: what it makes counts only where
/// its digest is the frame's.
struct FrameRescue<Volume: Storage, Digest: ContentDigest & ~Copyable>: ~Copyable, ReplaySink {
    private let folder: Volume
    private let newSuffix: String
    private var wanted: [UInt64: FrameName]
    private(set) var rescued: [FrameName] = []

    init(_ wanted: [FrameName], in folder: Volume, newSuffix: String) {
        self.folder = folder
        self.newSuffix = newSuffix
        self.wanted = [:]
        for name in wanted { self.wanted[name.start] = name }
    }

    mutating func keep(_ record: Span<UInt8>, state: LogState) {}

    mutating func seal(_ window: OpenWindow, segments: [Segment<Volume>]) throws {
        guard let name = wanted[window.start] else { return }
        if let first = window.firstPosition?.segment {
            let needed = segments.filter { $0.sequence >= first }
            // An item is found by how far its segment is behind the first.
            if needed.indices.contains(where: { needed[$0].sequence != first + UInt32($0) }) { return }
            try make(name, SealedWindow(window, segments: needed))
        } else {
            try make(name, SealedWindow(window, segments: []))
        }
    }

    private mutating func make(_ name: FrameName, _ window: SealedWindow<Volume>) throws {
        let temporary = "\(name.start).tmp"
        // The log doesn't say in which one the frame was stored, but the digest does.
        for order in MetadataOrder.allCases {
            let file = try folder.open(temporary, .create)
            var sink = FrameFileSink<Volume.File, Digest>(file)
            do {
                try window.encode(window.layout(), order: order, into: &sink)
            } catch let error where !(error is SystemError) {
                // An item of it is damaged.
                break
            }
            if sink.finish() != name.digest { continue }
            try file.sync()
            try folder.rename(temporary, to: name.text + newSuffix)
            wanted[name.start] = nil
            rescued.append(name)
            return
        }
        try folder.remove(temporary)
    }
}
