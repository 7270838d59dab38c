import Bytes
import FrameLog

/// The answer for a frame id that no stored frame has: was removed, is to come, or never was.
enum MissingFrame {
    static func respond(_ id: UInt64, _ context: borrowing RequestContext, _ response: inout Response) {
        if context.catalog.retired.contains(start: id) {
            respondRemoved(context, &response)
        } else if let wait = secondsUntilSealed(id, context) {
            response.refuse(
                .unknownFrame, "This frame's window is not sealed yet; try again then.", context.settings,
                retryAfterSeconds: wait)
        } else {
            response.refuse(.unknownFrame, "The index at /frame lists the frames that are.", context.settings)
        }
    }

    /// 410, with where to go on.
    static func respondRemoved(_ context: borrowing RequestContext, _ response: inout Response) {
        let catalog = context.catalog
        response.beginProblem(.removedFrame, context.settings.blocks)
        response.appendMember("detail")
        response.text.append("\"Retention has removed this frame; go on from the earliest one.\"")
        if let earliest = catalog.frames.first, let latest = catalog.frames.last {
            response.appendMember("earliest")
            response.append(frameID: earliest.startTimestamp)
            response.appendMember("latest")
            response.append(frameID: latest.startTimestamp)
        }
        response.endProblem()
    }

    /// How long until the window that starts at `id` is sealed; nil where it is neither open, nor next, nor
    /// just over.
    static func secondsUntilSealed(_ id: UInt64, _ context: borrowing RequestContext) -> UInt64? {
        let duration = context.settings.frameDurationMilliseconds
        let now = context.nowMilliseconds
        let current = now - now % duration
        let (end, isPastTime) = id.addingReportingOverflow(duration + context.settings.latenessMilliseconds)
        if isPastTime || id % duration != 0 || id > current + duration { return nil }
        if end > now { return (end - now + 999) / 1000 }
        // Between its end and its frame's appearance a window is being sealed. One that stays away for longer
        // than a window, or was passed over, was empty and gives no frame.
        let isAwaited = now - end < duration && (context.catalog.frames.last?.startTimestamp ?? 0) < id
        return isAwaited ? 1 : nil
    }
}

extension Response {
    /// A frame id as a JSON value: a string, since its number may be more than a script's numbers can hold.
    fileprivate mutating func append(frameID: UInt64) {
        text.append("\"")
        text.append(decimal: frameID)
        text.append("\"")
    }
}
