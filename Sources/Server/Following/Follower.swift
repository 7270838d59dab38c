import Bytes
import HTTP

/// A request that waits for what is still to come. It holds a position in what the loop has anyway, and no
/// octets: a million who wait cost a million of these, and one who reads slowly costs no more.
///
/// It stays on its connection's loop.
final class Follower {
    /// What the connection has to do next.
    enum Progress {
        /// There is nothing yet.
        case nothing
        /// The response is the answer.
        case answer
        /// The response's content is the next piece of the event stream.
        case events
        /// The same, and nothing follows.
        case lastEvents
    }

    enum Subject {
        case frame
        case frames
        case items(ChannelFeed)
    }

    let subject: Subject
    /// GET, or HEAD, whose answer has no content.
    let method: Method
    /// What was sent last: a frame's id; or, of items, the number of the block that comes next.
    private(set) var position: UInt64
    /// When the wait is over, or the next sign of life is due, in milliseconds of the monotonic clock.
    private(set) var expiresAt: UInt64
    /// How long an event stream is silent, in milliseconds.
    private let silenceMilliseconds: UInt64
    /// For the access log; empty where there is none, or where the line is written.
    var accessPath: [UInt8] = []

    /// - Parameter waitMilliseconds: how long one who awaits an answer waits at the most; nil for a stream.
    init(
        _ subject: Subject, by method: Method = .get, position: UInt64, waitMilliseconds: UInt64? = nil,
        now: UInt64, limits: FollowLimits
    ) {
        self.subject = subject
        self.method = method
        self.position = position
        silenceMilliseconds = limits.silenceMilliseconds
        let granted = waitMilliseconds.map { min($0, limits.waitMillisecondsMax) }
        expiresAt = now + (granted ?? limits.silenceMilliseconds)
    }

    var kind: FollowerKind {
        switch subject {
        case .frame: .wait
        case .frames: .frameEvents
        case .items: .channelEvents
        }
    }

    /// Whether a new frame is what it waits for.
    var awaitsFrames: Bool {
        switch subject {
        case .frame, .frames: true
        case .items: false
        }
    }

    /// Whether it is one answer that is awaited, and no stream.
    var isAnswer: Bool {
        switch subject {
        case .frame: true
        case .frames, .items: false
        }
    }

    /// Fills the response with what has come since the last time, a piece of it at a time.
    func take(
        _ context: borrowing RequestContext, _ feeds: inout ChannelFeeds, now: UInt64,
        into response: inout Response
    ) -> Progress {
        switch subject {
        case .frame:
            return FollowRoute.answer(after: position, context, &response) ? .answer : .nothing
        case .frames: return renew(takeFrames(context, into: &response), now: now)
        case .items(let feed): return renew(takeItems(of: feed, &feeds, into: &response), now: now)
        }
    }

    /// The wait is over, or it was silent for so long that proxies, and the client, might take it for dead.
    func timeOut(
        _ context: borrowing RequestContext, now: UInt64, into response: inout Response
    ) -> Progress {
        response.reset()
        if isAnswer {
            FollowRoute.respondWithNothing(context, &response)
            return .answer
        }
        FollowRoute.appendComment(to: &response)
        return renew(.events, now: now)
    }

    private func renew(_ progress: Progress, now: UInt64) -> Progress {
        if case .events = progress { expiresAt = now + silenceMilliseconds }
        return progress
    }

    private func takeFrames(
        _ context: borrowing RequestContext, into response: inout Response
    ) -> Progress {
        let catalog = context.catalog
        var next = catalog.position(ofFirstStartingAfter: position)
        if next == catalog.frames.count { return .nothing }
        response.reset()
        if catalog.hasRetired(after: position) { return fillLagged(&response) }
        while next < catalog.frames.count && response.text.count < FollowLimits.pieceByteCount {
            position = catalog.frames[next].startTimestamp
            response.text.append("event: frame\nid: ")
            response.text.append(decimal: position)
            response.text.append("\ndata: ")
            let octets = catalog.index.octets
            response.text.append(
                copying: octets.span.extracting(catalog.index.octetRange(ofFrames: next..<next + 1)))
            response.text.append("\n\n")
            next += 1
        }
        response.content = .text
        return .events
    }

    private func takeItems(
        of feed: ChannelFeed, _ feeds: inout ChannelFeeds, into response: inout Response
    ) -> Progress {
        if position == feed.end { return .nothing }
        response.reset()
        if position < feed.first { return fillLagged(&response) }
        response.content = .text
        while position < feed.end {
            let block = feed.block(position)
            if response.text.count + block.count > FollowLimits.pieceByteCount {
                if !response.text.isEmpty { return .events }
                response.content = .shared(block, 0..<block.count)
                position += 1
                break
            }
            response.text.append(copying: block.span)
            position += 1
        }
        if position == feed.end { feeds.noteCaughtUp(feed) }
        return .events
    }

    /// What comes next is lost: the client is told, and asks anew for what there is.
    private func fillLagged(_ response: inout Response) -> Progress {
        response.text.append("event: lagged\ndata: {\"detail\":\"")
        response.text.append("What follows is no longer at hand; ask again to go on from now.\"}\n\n")
        response.content = .text
        return .lastEvents
    }
}
