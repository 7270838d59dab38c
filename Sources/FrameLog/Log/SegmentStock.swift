package import Posix

/// Empty segments made in advance, so that no commit waits for a file to be filled.
package final class SegmentStock<Volume: Storage>: Sendable {
    private let volume: Volume

    init(_ volume: Volume) { self.volume = volume }

    /// Whether `refill` has something to do. Any thread, at any time: it costs one atomic read.
    package var isLow: Bool { fatalError("not built yet") }

    /// Makes an empty segment where one is missing. One thread at a time.
    ///
    /// - Throws: `SystemError`; nothing is left behind, and a later call may succeed.
    package func refill() throws(SystemError) { fatalError("not built yet") }
}
