import FrameLog

/// All sealed frames at one moment: an immutable value that the sealer makes after each change and all event
/// loops share. Looking a frame up costs a binary search, however many there are.
final class FrameCatalog: Sendable {
    /// Oldest first.
    let frames: [CatalogFrame]
    /// The body of `GET /frame`.
    let index: FrameIndex
    /// The frames that retention removed.
    let retired: RetiredFrames
    /// The frames' own, once more: among many frames each that is looked at is a wait for memory, and the
    /// search looks at a dozen.
    private let starts: [UInt64]
    private let members: IndexMembers

    /// - Parameters:
    ///   - files: the frames in the store, oldest first; their windows don't overlap.
    ///   - members: of the first snapshot's index, and so of all that follow.
    ///   - previous: the snapshot before. What it made for a frame is taken over, not made again.
    init(
        files: [StoredFrame], retired: RetiredFrames, members: IndexMembers = .documented,
        reusing previous: FrameCatalog? = nil
    ) {
        self.members = previous?.members ?? members
        let known = previous?.frames ?? []
        var frames: [CatalogFrame] = []
        frames.reserveCapacity(files.count)
        var index = 0
        var sharedCount = 0
        for file in files {
            while index < known.count, known[index].startTimestamp < file.startTimestamp { index += 1 }
            if index < known.count, known[index].file === file {
                frames.append(known[index])
                sharedCount += 1
            } else {
                frames.append(CatalogFrame(file))
            }
        }
        self.frames = frames
        starts = frames.map(\.startTimestamp)
        if let previous, sharedCount == files.count, sharedCount == known.count {
            self.index = previous.index
        } else {
            self.index = FrameIndex(
                windows: frames.lazy.map { ($0.startTimestamp, $0.endTimestamp) }, members: self.members)
        }
        self.retired = retired
    }

    /// The frame whose window starts at `id`.
    func frame(id: UInt64) -> CatalogFrame? {
        let position = position(ofFirstStartingFrom: id)
        return position < starts.count && starts[position] == id ? frames[position] : nil
    }

    /// Where the first frame stands that starts at or after `time`; the number of frames where none does.
    func position(ofFirstStartingFrom time: UInt64) -> Int {
        position { starts[$0] >= time }
    }

    /// Where the first frame stands that starts after `time`; the number of frames where none does.
    func position(ofFirstStartingAfter time: UInt64) -> Int {
        position { starts[$0] > time }
    }

    /// Whether a frame was removed that started after `time`: what followed then is not known any more.
    func hasRetired(after time: UInt64) -> Bool { retired.newestStart ?? 0 > time }

    /// Where the first frame stands that ends after `time`; the number of frames where none does.
    func position(ofFirstEndingAfter time: UInt64) -> Int {
        position { frames[$0].endTimestamp > time }
    }

    /// Where the first frame stands that satisfies `isBehind`, which holds from some frame on.
    private func position(where isBehind: (Int) -> Bool) -> Int {
        var low = 0
        var high = frames.count
        while low < high {
            let middle = (low + high) / 2
            if isBehind(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
