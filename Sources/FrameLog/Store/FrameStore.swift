/// Sealed frames on disk, oldest first, in the folder `frames`. Used by one thread, the sealer.
package final class FrameStore<Volume: Storage, Digest: ContentDigest & ~Copyable, Coding: ContentCoding & ~Copyable> {
    /// The frames there are, oldest first.
    package private(set) var frames: [StoredFrame] = []
    /// The end of the newest frame that was ever stored: every window that starts before it is done. Nil before the first.
    package private(set) var storedThrough: UInt64?
    /// What was wrong in the folder and left out, a line each.
    package let warnings: [String]

    /// Opens the folder `frames` of a data directory, and removes what an interrupted run left unfinished.
    ///
    /// - Throws: `SystemError`.
    package init(opening volume: Volume, retention: Retention) throws { fatalError("not built yet") }

    /// Writes the window's frame, and returns once it is durable. Windows come in the order in which they were sealed; one
    /// that failed is to be stored before the next.
    ///
    /// - Throws: `SystemError`, after which it may be tried again, or `FrameLogError` where the log was damaged.
    package func store(_ window: SealedWindow<Volume>) throws -> StoredFrame { fatalError("not built yet") }

    /// Makes the frame's gzip form where that is at least 10 % smaller. It can take long for a large frame: publish the
    /// frame first. Returns whether there is one now.
    ///
    /// - Throws: what `Coding` throws, or `SystemError`; the frame stays as it was.
    package func compress(_ frame: StoredFrame) throws -> Bool { fatalError("not built yet") }

    /// Removes the frames that retention doesn't keep, and returns them, oldest first.
    ///
    /// - Parameter now: the frame clock.
    /// - Throws: `SystemError`.
    package func retire(now: UInt64) throws -> [StoredFrame] { fatalError("not built yet") }

    /// Whether retention removed a frame with this start.
    package func wasRetired(id: UInt64) -> Bool { fatalError("not built yet") }

    /// The removed frames, to be looked up by any thread.
    package var retired: RetiredFrames { fatalError("not built yet") }
}
