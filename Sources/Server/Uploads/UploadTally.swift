import Bytes
import FrameLog

/// What has become of an upload's items so far, and which of them the log has not decided on yet.
///
/// Items are numbered from 0 in the body's order. The log decides in that order too, so it is enough to know
/// the numbers of those on their way as runs.
struct UploadTally: Sendable {
    /// An item that is in no frame.
    struct Rejection: Sendable {
        let index: UInt64
        let problem: ProblemType
        let detail: String
        /// When the same item may be taken; nil where that won't change.
        let retryAfterSeconds: UInt64?
    }

    /// Items in a row that are on their way to the log.
    private struct Run {
        var first: UInt64
        var count: UInt64
    }

    /// Rejections that an answer lists.
    static let listedMax = 100

    /// Items met so far, and so the number of the next one.
    private(set) var itemCount: UInt64 = 0
    private(set) var acceptedCount: UInt64 = 0
    private(set) var rejectedCount: UInt64 = 0
    /// The first ones, by number.
    private(set) var rejections: [Rejection] = []
    /// The frame of the item accepted last.
    private(set) var lastFrame: UInt64?
    /// Why the log takes no more, where it doesn't.
    private(set) var refusal: ItemVerdict?

    /// Of the rejected ones: those that are no JSON, and those over the limit.
    private(set) var invalidCount: UInt64 = 0
    private(set) var tooLargeCount: UInt64 = 0
    /// Whether any item was handed to the log.
    private(set) var hasSubmitted = false
    private(set) var inFlightCount = 0
    private(set) var inFlightByteCount = 0
    /// Those that are decided on next. Apart from the others, so that an upload that has but one run takes no
    /// memory for it.
    private var run = Run(first: 0, count: 0)
    private var laterRuns: [Run] = []

    /// The next item is on its way to the log.
    mutating func submit(byteCount: Int) {
        if run.count == 0 {
            run = Run(first: itemCount, count: 1)
        } else if laterRuns.isEmpty && run.first + run.count == itemCount {
            run.count += 1
        } else if let last = laterRuns.last, last.first + last.count == itemCount {
            laterRuns[laterRuns.count - 1].count += 1
        } else {
            laterRuns.append(Run(first: itemCount, count: 1))
        }
        itemCount += 1
        hasSubmitted = true
        inFlightCount += 1
        inFlightByteCount += byteCount
    }

    /// The log takes nothing of this upload.
    mutating func refuse(_ verdict: ItemVerdict) { refusal = verdict }

    /// The next item is not JSON.
    mutating func rejectInvalid(_ detail: @autoclosure () -> String) {
        invalidCount += 1
        reject(itemCount, .invalidJSON, detail())
        itemCount += 1
    }

    /// The next item is over the limit.
    mutating func rejectTooLarge(_ detail: @autoclosure () -> String) {
        tooLargeCount += 1
        reject(itemCount, .tooLarge, detail())
        itemCount += 1
    }

    /// The next item was decided on before, with the same key.
    mutating func pass() { itemCount += 1 }

    /// All items decided on before have come again: those that were stored count as accepted, the others that
    /// this time no fault was found in as rejected, though nobody knows any more for what.
    mutating func credit(_ progress: UploadProgress) {
        acceptedCount += progress.storedCount
        rejectedCount = max(rejectedCount, progress.through - progress.storedCount)
        lastFrame = progress.lastFrame
    }

    /// The upload had come to its end before: what was not stored then was refused.
    mutating func creditEnd(_ progress: UploadProgress) {
        rejectedCount = max(rejectedCount, progress.decidedCount - progress.storedCount)
    }

    /// It is another body that the key was used for: what is stored of that one is not this one's, however
    /// far they are the same. Nothing of this one is on its way, since a conflict is found before that.
    mutating func discredit() {
        precondition(inFlightCount == 0, "another body's items are not sent to the log")
        acceptedCount = 0
        lastFrame = nil
    }

    /// The log has decided on the first of the items that are on their way.
    mutating func decide(_ verdict: ItemVerdict, byteCount: Int, nowMilliseconds: UInt64) {
        precondition(inFlightCount > 0, "the log decides on items that it was given")
        let index = run.first
        run.first += 1
        run.count -= 1
        if run.count == 0 && !laterRuns.isEmpty { run = laterRuns.removeFirst() }
        inFlightCount -= 1
        inFlightByteCount -= byteCount
        switch verdict {
        case .accepted(let frame):
            acceptedCount += 1
            lastFrame = frame
        case .noSpace, .logClosed, .windowFull:
            refusal = refusal ?? verdict
            reject(index, verdict, nowMilliseconds)
        case .inDoubt: refusal = verdict
        case .superseded: refusal = refusal ?? verdict
        case .claimed, .keysFull, .ended: preconditionFailure("verdicts of keys are no items'")
        case .late, .tooFarAhead, .typeConflict: reject(index, verdict, nowMilliseconds)
        }
    }

    private mutating func reject(_ index: UInt64, _ verdict: ItemVerdict, _ now: UInt64) {
        let (problem, detail, retryAfter) = Self.explanation(of: verdict, now)
        reject(index, problem, detail(), retryAfter)
    }

    private mutating func reject(
        _ index: UInt64, _ problem: ProblemType, _ detail: @autoclosure () -> String,
        _ retryAfterSeconds: UInt64? = nil
    ) {
        rejectedCount += 1
        if rejections.count == Self.listedMax, rejections[Self.listedMax - 1].index < index { return }
        // What the server finds wrong it knows sooner than what the log does: numbers come out of order.
        var place = rejections.count
        while place > 0 && rejections[place - 1].index > index { place -= 1 }
        rejections.insert(
            Rejection(
                index: index, problem: problem, detail: detail(), retryAfterSeconds: retryAfterSeconds),
            at: place)
        if rejections.count > Self.listedMax { rejections.removeLast() }
    }
}

extension UploadTally {
    private static func explanation(
        of verdict: ItemVerdict, _ now: UInt64
    ) -> (problem: ProblemType, detail: () -> String, retryAfterSeconds: UInt64?) {
        switch verdict {
        case .late(let oldestOpen):
            return (
                .late,
                {
                    "The oldest open window starts at \(oldestOpen); send newer items, "
                        + "or leave the time to the server."
                }, nil
            )
        case .tooFarAhead(let limit):
            return (
                .tooFarAhead,
                { "Items may be stamped up to \(limit) now; set the device's clock, or use age." }, nil
            )
        case .typeConflict(let type):
            return (
                .typeConflict,
                {
                    let taken = type.span.utf8Text() ?? "another type"
                    return "Within this window the channel's type is \(taken); post that type, "
                        + "or another channel."
                }, nil
            )
        case .windowFull(let end):
            return (
                .windowFull,
                { "This window has as many items or channels as it may; try again in the next one." },
                RetryAfter.windowFull(until: end, now: now)
            )
        case .noSpace: return (.noSpace, { "There was no room for it." }, RetryAfter.noSpace)
        case .logClosed: return (.unavailable, { "It was not stored." }, RetryAfter.unavailable)
        case .accepted, .inDoubt, .claimed, .keysFull, .superseded, .ended:
            preconditionFailure("no rejection")
        }
    }
}
