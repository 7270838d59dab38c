import Posix

/// What the check of a frame has come to.
package enum FrameCheck: Equatable {
    /// Nothing is left to be checked.
    case done
    /// A frame is checked. The files that are damaged.
    case checked(damage: [String])
    /// The frame could not be read now, or the check was broken off: it comes again, after the others.
    case putOff
}

/// Ends a check that is not to be finished.
private struct CheckCancelled: Error {}

/// Checks the frames that a start has found against the digests in their names, newest first, so that what
/// the disk has damaged is not served as sound. Used by one thread of its own, beside the store's.
package final class FrameChecker<
    Volume: Storage, Digest: ContentDigest & ~Copyable, Decoding: ContentDecoding & ~Copyable
> {
    private typealias Proof = FrameProof<Volume, Digest, Decoding>

    private let folder: Volume
    /// Oldest first.
    private var waiting: [StoredFrame]
    /// Those that could not be read, which come again behind all others. Newest first.
    private var postponed: [StoredFrame] = []

    init(_ frames: [StoredFrame], in folder: Volume) {
        self.folder = folder
        // An array of its own: the store's thread changes the other.
        waiting = frames.map { $0 }
    }

    /// How many frames are left to be checked.
    package var leftCount: Int { waiting.count + postponed.count }

    /// Checks one frame and its gzip form.
    ///
    /// - Parameter isCancelled: asked after every piece of 256 KiB.
    package func checkNext(unless isCancelled: () -> Bool) -> FrameCheck {
        if waiting.isEmpty {
            waiting = postponed.reversed()
            postponed = []
        }
        guard let frame = waiting.popLast() else { return .done }
        var damage: [String] = []
        do {
            if let line = try check(frame, isCancelled) { damage.append(line) }
            if let line = try checkGzip(frame, isCancelled) { damage.append(line) }
        } catch {
            postponed.append(frame)
            return .putOff
        }
        return .checked(damage: damage)
    }

    /// Returns the path where the frame is damaged, by whomever that was found.
    private func check(_ frame: StoredFrame, _ isCancelled: () -> Bool) throws -> String? {
        let name = FrameName(start: frame.startTimestamp, digest: frame.digest)
        if frame.condition == .unchecked {
            do {
                try Proof(folder: folder).checkDigest(name) { if isCancelled() { throw CheckCancelled() } }
                frame.note(.sound)
            } catch let error as SystemError where error.isNotFound {
                // Retention has removed it since.
                return nil
            } catch is Proof.Fault {
                frame.note(.damaged)
            }
        }
        return frame.condition == .damaged ? folder.path + "/" + name.text : nil
    }

    private func checkGzip(_ frame: StoredFrame, _ isCancelled: () -> Bool) throws -> String? {
        if frame.gzipByteCount == nil || frame.gzipCondition != .unchecked { return nil }
        let name = FrameName(start: frame.startTimestamp, digest: frame.digest, isGzip: true)
        do {
            try Proof(folder: folder).inflate(name, byteCountMax: frame.byteCount) { _ in
                if isCancelled() { throw CheckCancelled() }
            }
            frame.noteGzip(.sound)
            return nil
        } catch let error as SystemError where error.isNotFound {
            return nil
        } catch is Proof.Fault {
            frame.noteGzip(.damaged)
            return folder.path + "/" + name.text
        }
    }
}
