import Bytes
import HTTP

/// From a request's head to an answer, or to the body that is needed first. Pure: it reads values and fills a
/// response.
enum Router {
    /// Decides from the head alone.
    ///
    /// - Parameters:
    ///   - head: a request's head, whose ranges point into `octets`.
    ///   - requester: who asks, as far as the connection tells.
    ///   - response: filled where the decision is `respond`; whatever it held before is gone.
    static func route(
        _ head: borrowing RequestHead, _ octets: Span<UInt8>, _ context: borrowing RequestContext,
        from requester: Requester, _ response: inout Response
    ) -> Decision {
        response.reset()
        let resource = Resource(
            path: octets.extracting(head.path), isGoCompatible: context.settings.isGoCompatible)
        response.route = resource.label
        if let refusal = context.limiter.admitRequest(from: requester) {
            response.refuse(refusal, context.settings)
            return .respond
        }
        if head.method == .options {
            OptionsRoute.respond(for: resource, context, &response)
            return .respond
        }
        if resource == .unknown {
            response.refuse(.unknownPath, "See / for what there is.", context.settings)
            return .respond
        }
        switch resource {
        case .channel(let id) where head.method == .post:
            return ChannelRoute.decide(id, head, octets, context, requester, &response)
        case .event(let id) where head.method == .post:
            return ChannelRoute.decide(id, head, octets, context, requester, answersBare: true, &response)
        default: break
        }
        guard head.method == .get || head.method == .head, resource.isRead else {
            response.fields.append("Allow: ")
            response.fields.append(resource.methods)
            response.fields.append("\r\n")
            response.refuse(.methodNotAllowed, "Allow names the methods that are.", context.settings)
            return .respond
        }
        switch resource {
        case .index where ContentNegotiation.acceptsEvents(head, octets) == .named:
            return FollowRoute.decideFrames(head, octets, context, &response)
        case .index: IndexRoute.respond(head, octets, context, &response)
        case .frame(let id): FrameRoute.respond(id, head, octets, context, &response)
        case .frameChannel(let id, let channel):
            FrameChannelRoute.respond(id, channel: channel, head, octets, context, &response)
        case .frameAfter(let id): return FollowRoute.decide(after: id, head, octets, context, &response)
        case .frameAt(let time): FollowRoute.respond(at: time, context, &response)
        case .latestFrame: FollowRoute.respondWithLatest(context, &response)
        case .channel(let id): return FollowRoute.decideItems(of: id, head, octets, context, &response)
        case .web(let file): WebRoute.respond(with: file, head, octets, context, &response)
        case .time: PlainRoute.respondWithTime(context, &response)
        case .health: PlainRoute.respondWithHealth(context.settings.blocks, &response)
        case .event, .server, .unknown: preconditionFailure("not read by GET")
        }
        return .respond
    }

    /// Answers an upload for which there is no room: before its body, which nobody has to send in vain.
    static func refuse(
        _ refusal: UploadRefusal, _ context: borrowing RequestContext, _ response: inout Response
    ) {
        response.reset()
        response.route = .channel
        let type: ProblemType =
            switch refusal {
            case .queueFull: .queueFull
            case .memoryFull: .memoryFull
            case .keysFull: .tooManyKeys
            }
        response.refuse(
            type, "Nothing of it was taken: send it again in a moment.", context.settings,
            retryAfterSeconds: RetryAfter.room)
    }

    /// Answers an upload once the log has decided on all its items.
    static func answer(
        _ tally: borrowing UploadTally, _ ending: UploadEnding, of upload: borrowing Upload,
        _ context: borrowing RequestContext, _ response: inout Response
    ) {
        response.reset()
        response.route = .channel
        UploadAnswer.fill(for: tally, ending, of: upload, context, &response)
    }

    /// Answers a message that breaks HTTP's rules. It is a request like any other.
    static func refuse(
        _ fault: RequestFault, _ context: borrowing RequestContext, from requester: Requester,
        _ response: inout Response
    ) {
        response.reset()
        if let refusal = context.limiter.admitRequest(from: requester) {
            return response.refuse(refusal, context.settings)
        }
        response.refuse(.forStatus(fault.status), fault.reason.literal, context.settings)
    }

    /// Answers a request that took too long to arrive.
    static func timeOut(_ context: borrowing RequestContext, _ response: inout Response) {
        response.reset()
        response.refuse(.timeout, RequestFault.tooSlow.reason.literal, context.settings)
    }
}

extension RequestFault {
    /// It did not come whole within its time.
    static let tooSlow = RequestFault(408, "Send the whole request sooner.")
}
