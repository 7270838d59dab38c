import Bytes
import HTTPClient
import Posix

/// Goes through a server's frames as they are sealed, none left out and none taken twice.
///
/// It asks which frame follows the last one that was taken, and lets the server wait with the answer. A
/// server that can't be asked that is asked for its index again and again.
struct FrameFollower {
    /// What comes next.
    enum Step {
        case frame(IndexEntry)
        /// Frames between these moments were removed before they could be taken; what comes next follows.
        case gap(from: UInt64, to: UInt64)
        /// Nothing yet; ask again after so much.
        case none(milliseconds: UInt64)
    }

    private static let waitSeconds = 25
    /// What a busy server may take on top of the wait.
    private static let graceSeconds = 30
    private static let pollMillisecondsRange: ClosedRange<UInt64> = 100...2000

    private let server: RemoteServer
    /// The last frame that was taken; nil before the first.
    private var last: IndexEntry?
    /// Frames that are known to follow, the next one last.
    private var listed: [IndexEntry] = []
    private var canWait = true

    /// Begins with the frames of a time, or, without one, behind the newest frame that there is.
    init(of server: RemoteServer, from range: FrameRange?, unless isCancelled: () -> Bool) throws {
        self.server = server
        if let range {
            listed = try server.frames(in: range, unless: isCancelled).reversed()
            if !listed.isEmpty { return }
        }
        last = try server.newestFrames(max: 1, unless: isCancelled).first
    }

    /// What follows the last frame taken. The same again, until it is taken.
    mutating func next(unless isCancelled: () -> Bool) throws -> Step {
        if let next = listed.last { return .frame(next) }
        if canWait {
            do {
                return try nextByWaiting(isCancelled)
            } catch let refusal as ServerRefusal where refusal.status == 410 {
                // The last one is older than all that there are; the index says which those are.
            } catch let refusal as ServerRefusal where [404, 405, 501].contains(refusal.status) {
                canWait = false
            }
        }
        return try nextByIndex(isCancelled)
    }

    /// Says that a frame is done with.
    mutating func take(_ entry: IndexEntry) {
        last = entry
        if listed.last == entry { listed.removeLast() }
    }

    private func nextByWaiting(_ isCancelled: () -> Bool) throws -> Step {
        let position = last?.startAt ?? 0
        let asked = Clock.monotonicMilliseconds()
        let answer = try server.get(
            ["frame", "after", "\(position)"], query: "wait=\(Self.waitSeconds)",
            stallTimeoutSeconds: Self.waitSeconds + Self.graceSeconds, unless: isCancelled)
        if answer.status == 204 {
            // Where something on the way does not let it wait, it is not asked in a circle.
            let waited = Clock.monotonicMilliseconds() - asked
            return .none(milliseconds: waited < 1000 ? 1000 : 0)
        }
        guard let value = JSONValue(answer.body.span), let entry = IndexEntry(value), entry.startAt > position
        else {
            throw CommandFailure("\(server.base.text) tells no frame that follows \(position); check --url")
        }
        return .frame(entry)
    }

    private mutating func nextByIndex(_ isCancelled: () -> Bool) throws -> Step {
        let start = last?.startAt ?? 0
        let found = try server.frames(in: FrameRange(from: start, to: nil), unless: isCancelled)
        let newer = found.filter { entry in last.map { entry.startAt > $0.startAt } ?? true }
        listed = newer.reversed()
        guard let next = newer.first else {
            let frameMilliseconds = last.map { $0.endAt - $0.startAt } ?? .max
            let range = Self.pollMillisecondsRange
            // A quarter of a frame, so that one is seen at most that late.
            return .none(milliseconds: min(max(frameMilliseconds / 4, range.lowerBound), range.upperBound))
        }
        // Windows without items may have no frame, so a hole is one only where the last frame is gone too.
        if let last, next.startAt > last.endAt, found.first?.startAt != last.startAt {
            self.last = IndexEntry(id: last.id, startAt: last.startAt, endAt: next.startAt)
            return .gap(from: last.endAt, to: next.startAt)
        }
        return .frame(next)
    }
}
