import Bytes
import FrameLog
import HTTP

/// What leads to frames as they come: the frame behind another one, the newest, that of a moment, and streams
/// of events.
enum FollowRoute {
    // MARK: The next frame

    /// `GET /frame/after/{id}?wait=S`: the frame that follows. What follows never changes once it is known,
    /// so behind a cache everybody's wait is one request.
    static func decide(
        after id: UInt64, _ head: borrowing RequestHead, _ octets: Span<UInt8>,
        _ context: borrowing RequestContext, _ response: inout Response
    ) -> Decision {
        guard let seconds = waitSeconds(head, octets) else {
            response.refuse(
                .badParameter, "Give wait once, in whole seconds from 0 to 60.", context.settings)
            return .respond
        }
        if answer(after: id, context, &response) { return .respond }
        if seconds == 0 || context.readiness == .draining {
            respondWithNothing(context, &response)
            return .respond
        }
        return follow(.frame(after: id, waitMilliseconds: seconds * 1000), head, context, &response)
    }

    /// Fills the response where it is known what follows, or that it can't be known any more.
    static func answer(
        after id: UInt64, _ context: borrowing RequestContext, _ response: inout Response
    ) -> Bool {
        let catalog = context.catalog
        if catalog.hasRetired(after: id) {
            response.reset()
            response.route = .frameAfter
            MissingFrame.respondRemoved(context, &response)
            return true
        }
        let position = catalog.position(ofFirstStartingAfter: id)
        if position == catalog.frames.count { return false }
        response.reset()
        response.route = .frameAfter
        response.status = 200
        response.block = context.settings.blocks.lastingJSON
        let object = catalog.index.octetRange(ofFrames: position..<position + 1)
        response.content = .shared(catalog.index.octets, object)
        return true
    }

    /// 204: nothing has followed yet.
    static func respondWithNothing(_ context: borrowing RequestContext, _ response: inout Response) {
        response.route = .frameAfter
        response.status = 204
        response.block = context.settings.blocks.empty
    }

    /// What `wait` says, 0 without it; nil where it is broken. Unknown names are ignored.
    private static func waitSeconds(_ head: borrowing RequestHead, _ octets: Span<UInt8>) -> UInt64? {
        guard let query = head.query else { return 0 }
        var seconds: UInt64?
        var parameters = QueryParameters(octets.extracting(query))
        while let parameter = parameters.next() {
            if !parameter.isNamed("wait") { continue }
            guard seconds == nil, let value = parameter.value?.span.decimal(),
                value <= FollowLimits.waitSecondsMax
            else { return nil }
            seconds = value
        }
        return seconds ?? 0
    }

    // MARK: Redirects

    /// `GET /frame/latest`
    static func respondWithLatest(_ context: borrowing RequestContext, _ response: inout Response) {
        guard let frame = context.catalog.frames.last else {
            response.refuse(
                .unknownFrame, "There is no frame yet; the first one comes when a window has ended.",
                context.settings,
                retryAfterSeconds: (context.settings.frameDurationMilliseconds + 999) / 1000)
            return
        }
        redirect(to: frame.startTimestamp, context, &response)
    }

    /// `GET /frame/at/{ms}`: to the frame whose window the moment lies in.
    static func respond(
        at time: UInt64, _ context: borrowing RequestContext, _ response: inout Response
    ) {
        let catalog = context.catalog
        let position = catalog.position(ofFirstEndingAfter: time)
        if position < catalog.frames.count, catalog.frames[position].startTimestamp <= time {
            return redirect(to: catalog.frames[position].startTimestamp, context, &response)
        }
        // By the windows' present length, which may not have been that of those in the past.
        MissingFrame.respond(time - time % context.settings.frameDurationMilliseconds, context, &response)
    }

    private static func redirect(
        to id: UInt64, _ context: borrowing RequestContext, _ response: inout Response
    ) {
        response.status = 307
        response.block = context.settings.blocks.empty
        response.fields.append("Location: /")
        response.fields.append(decimal: id)
        response.fields.append("\r\n")
    }

    // MARK: Event streams

    /// `GET /frame` as an event stream: each frame as it comes; with Last-Event-ID, all behind that one.
    static func decideFrames(
        _ head: borrowing RequestHead, _ octets: Span<UInt8>, _ context: borrowing RequestContext,
        _ response: inout Response
    ) -> Decision {
        let catalog = context.catalog
        var last = catalog.frames.last?.startTimestamp ?? catalog.retired.newestStart ?? 0
        if let field = head.value(of: .lastEventID), !field.isEmpty {
            guard let id = octets.extracting(field).decimal() else {
                response.refuse(
                    .badParameter, "Give Last-Event-ID as the id of a frame, or leave it away.",
                    context.settings)
                return .respond
            }
            if catalog.hasRetired(after: id) {
                MissingFrame.respondRemoved(context, &response)
                return .respond
            }
            last = id
        }
        return stream(.frames(after: last), head, context, &response)
    }

    /// `GET /channel/{id}` as an event stream: each item of the channel from now on, once it is durable.
    static func decideItems(
        of id: Range<Int>, _ head: borrowing RequestHead, _ octets: Span<UInt8>,
        _ context: borrowing RequestContext, _ response: inout Response
    ) -> Decision {
        guard let channel = ChannelName(percentEncoded: octets.extracting(head.path).extracting(id)) else {
            response.refuse(.badChannel, ChannelName.advice, context.settings)
            return .respond
        }
        if ContentNegotiation.acceptsEvents(head, octets) == .refused {
            response.refuse(
                .notAcceptable, "A channel is read as it goes on, with Accept: text/event-stream.",
                context.settings)
            return .respond
        }
        return stream(.items(channelID: channel.span.copied()), head, context, &response)
    }

    private static func stream(
        _ followed: Followed, _ head: borrowing RequestHead, _ context: borrowing RequestContext,
        _ response: inout Response
    ) -> Decision {
        if context.readiness == .draining {
            response.refuse(
                .unavailable, "The server is stopping; try again later.", context.settings,
                retryAfterSeconds: RetryAfter.unavailable)
            return .respond
        }
        response.route = .events
        response.status = 200
        response.block = context.settings.blocks.events
        response.isOpenEnded = true
        if head.method == .head { return .respond }
        appendComment(to: &response)
        return follow(followed, head, context, &response)
    }

    /// A comment, which clients pass over: it shows that the stream is alive.
    static func appendComment(to response: inout Response) {
        response.text.append(":\n\n")
        response.content = .text
    }

    /// Who waits for an answer can't send a body meanwhile.
    private static func follow(
        _ followed: Followed, _ head: borrowing RequestHead, _ context: borrowing RequestContext,
        _ response: inout Response
    ) -> Decision {
        if head.framing == .none { return .follow(followed) }
        response.isOpenEnded = false
        response.refuse(.malformedRequest, "Send this request without a body.", context.settings)
        return .respond
    }
}
