import Bytes
import FrameLog
import HTTP
import TLS

/// `POST /channel/{id}`: everything that can be refused is refused from the head alone, so that a client
/// which waits for 100 (Continue) never sends a body in vain.
enum ChannelRoute {
    /// - Parameters:
    ///   - id: where the channel id, percent-encoded, stands in the head's path.
    ///   - requester: who asks, as far as the connection tells.
    ///   - answersBare: what was taken is answered without a body.
    static func decide(
        _ id: Range<Int>, _ head: borrowing RequestHead, _ octets: Span<UInt8>,
        _ context: borrowing RequestContext, _ requester: Requester, answersBare: Bool = false,
        _ response: inout Response
    ) -> Decision {
        let settings = context.settings
        let channelID = ChannelName(percentEncoded: octets.extracting(head.path).extracting(id))
        // Who asks comes before what is asked for: a stranger learns nothing.
        guard isAllowed(head, octets, context, requester, channelID, &response) else { return .respond }
        guard let channelID else {
            response.refuse(.badChannel, ChannelName.advice, settings)
            return .respond
        }
        if context.readiness.takesNoUploads {
            response.refuseUnavailable(settings.blocks)
            return .respond
        }
        guard let body = body(head, octets, settings, &response),
            let isGzip = isGzip(head, octets, settings, &response),
            let parameters = parameters(head, octets, of: body, context, &response)
        else { return .respond }
        let secret = bearerToken(head, octets)
        let isOwnerKnown = withOwner(secret, octets, requester) {
            isKnown($0, head, context, requester, channelID)
        }
        let (meter, refusal) = withOwner(isOwnerKnown ? secret : nil, octets, requester) {
            context.limiter.admitUpload(by: $0, from: requester)
        }
        if let refusal {
            response.refuse(refusal, settings)
            return .respond
        }
        var key: UploadKey?
        if let field = head.value(of: .idempotencyKey) {
            guard let text = IdempotencyKey(octets.extracting(field)) else {
                response.refuse(
                    .badIdempotencyKey, "Give Idempotency-Key once, as 1 to 255 visible ASCII characters.",
                    settings)
                return .respond
            }
            key = withOwner(secret, octets, requester) { text.scoped(to: channelID.span, owner: $0) }
        }
        var promised = 0
        if !body.isStream && !isGzip, case .length(let count) = head.framing {
            if count > UInt64(settings.itemByteCountMax) {
                response.refuseTooLarge(settings)
                return .respond
            }
            promised = Int(count)
        }
        let answerForm: Upload.AnswerForm =
            Preferences.wantMinimal(head, octets) ? .minimal : answersBare ? .bare : .full
        return .receive(
            Upload(
                channelID: channelID, channelType: parameters.type ?? AcceptedTypes.channelType(of: body),
                deviceTimestamp: parameters.timestamp, isAged: parameters.isAge, body: body,
                promisedByteCount: promised, isGzip: isGzip, gzipRatioMax: settings.gzipRatioMax, key: key,
                meter: meter, byteCountMax: settings.itemByteCountMax,
                answerForm: answerForm, receivedAt: context.nowMilliseconds))
    }
}

// What a head is asked, in the order of the asking.
extension ChannelRoute {
    /// Lends whose upload it is: the secret, or the certificate's subject. No field's value begins with NUL,
    /// so no secret is mistaken for a subject. Those who are trusted with neither are one and the same.
    private static func withOwner<Result>(
        _ secret: Range<Int>?, _ octets: Span<UInt8>, _ requester: Requester, _ body: (Span<UInt8>) -> Result
    ) -> Result {
        if let secret { return body(octets.extracting(secret)) }
        let owner = [0] + (requester.certificate?.subject ?? [])
        return body(owner.span)
    }

    /// Whether the owner is one that was let in, and no secret made up for rates of its own, which nobody has
    /// looked at where the peer is trusted.
    private static func isKnown(
        _ owner: Span<UInt8>, _ head: borrowing RequestHead, _ context: borrowing RequestContext,
        _ requester: Requester, _ channel: ChannelName
    ) -> Bool {
        if !requester.isTrusted || head.value(of: .origin) != nil || owner[0] == 0 { return true }
        if !context.limiter.metersSecrets { return true }
        let access = context.secrets.access(
            with: owner, to: channel.span, nowMilliseconds: context.nowMilliseconds)
        return access != .unknown
    }

    /// Whether the Authorization field's secret, or without one the client's certificate, may post to the
    /// channel; if not, the response says so.
    ///
    /// Who is trusted may anyway, but for web pages: any page that a browser near the server shows could have
    /// it post. Browsers send Origin with every POST (the Fetch standard, "append a request Origin header").
    ///
    /// - Parameter channel: nil where the path names none; then only who asks is judged.
    private static func isAllowed(
        _ head: borrowing RequestHead, _ octets: Span<UInt8>, _ context: borrowing RequestContext,
        _ requester: Requester, _ channel: ChannelName?, _ response: inout Response
    ) -> Bool {
        if requester.isTrusted && head.value(of: .origin) == nil { return true }
        var access = SecretSet.Access.unknown
        let name = channel ?? ChannelName()
        let secret = bearerToken(head, octets)
        let client = requester.certificate
        if let secret {
            if let refusal = context.limiter.admitSecret(from: requester) {
                response.refuse(refusal, context.settings)
                return false
            }
            access = context.secrets.access(
                with: octets.extracting(secret), to: name.span, nowMilliseconds: context.nowMilliseconds)
        } else if let client {
            access = context.secrets.access(
                of: client, to: name.span, nowMilliseconds: context.nowMilliseconds)
        }
        switch access {
        case .allowed:
            return true
        case .otherChannels:
            if channel == nil { return true }
            response.refuse(
                .forbidden, "Use a secret, or a certificate, whose patterns match this channel.",
                context.settings)
        case .unknown:
            if secret != nil {
                context.limiter.countGuess(by: requester)
                response.cause = .wrongSecret
            }
            // RFC 6750 section 3.1: an error code only where a secret was given.
            response.fields.append("WWW-Authenticate: Bearer")
            response.fields.append(secret == nil ? "\r\n" : " error=\"invalid_token\"\r\n")
            response.refuse(
                .unauthorized,
                secret != nil || client == nil
                    ? "Send a valid secret as Authorization: Bearer SECRET."
                    : "Send a valid secret, or have this certificate's subject added to the secret file.",
                context.settings)
        }
        return false
    }

    /// Where the secret of `Bearer SECRET` stands: the scheme's case doesn't matter (RFC 9110 section 11.1).
    private static func bearerToken(_ head: borrowing RequestHead, _ octets: Span<UInt8>) -> Range<Int>? {
        guard let value = head.value(of: .authorization) else { return nil }
        let text = octets.extracting(value)
        guard text.count > 7, text.extracting(0..<6).isEqual(toLowercased: "bearer") else { return nil }
        var start = 6
        while start < text.count, text[start] == UInt8(ascii: " ") { start += 1 }
        if start == 6 || start == text.count { return nil }
        return value.lowerBound + start..<value.upperBound
    }

    /// How the body is read, from Content-Type; nil where it can't be, and the response says so.
    private static func body(
        _ head: borrowing RequestHead, _ octets: Span<UInt8>, _ settings: RouteSettings,
        _ response: inout Response
    ) -> Upload.Body? {
        guard let type = head.value(of: .contentType),
            let body = AcceptedTypes.body(of: octets.extracting(type))
        else {
            response.fields.append(AcceptedTypes.field)
            response.refuse(.unsupportedType, "Send one of the types that Accept-Post names.", settings)
            return nil
        }
        return body
    }

    /// Whether the body is gzip, from Content-Encoding; nil where it is coded otherwise, and the response
    /// says so.
    private static func isGzip(
        _ head: borrowing RequestHead, _ octets: Span<UInt8>, _ settings: RouteSettings,
        _ response: inout Response
    ) -> Bool? {
        guard let field = head.value(of: .contentEncoding) else { return false }
        let coding = octets.extracting(field)
        if coding.isEqual(toLowercased: "identity") { return false }
        // The second is another name for the first (RFC 9110 section 8.4.1.3).
        if coding.isEqual(toLowercased: "gzip") || coding.isEqual(toLowercased: "x-gzip") { return true }
        // RFC 9110 section 12.5.3: Accept-Encoding in a 415 says which codings would do.
        response.fields.append("Accept-Encoding: gzip, identity\r\n")
        response.refuse(
            .unsupportedCoding, "Send the body as it is, or with Content-Encoding: gzip.", settings)
        return nil
    }

    /// What the query says; nil where a parameter is broken, and the response says so. Unknown names are
    /// ignored.
    private static func parameters(
        _ head: borrowing RequestHead, _ octets: Span<UInt8>, of body: Upload.Body,
        _ context: borrowing RequestContext, _ response: inout Response
    ) -> (type: [UInt8]?, timestamp: UInt64?, isAge: Bool)? {
        var type: [UInt8]?
        var timestamp: UInt64?
        var isAge = false
        guard let query = head.query else { return (nil, nil, false) }
        var parameters = QueryParameters(octets.extracting(query))
        while let parameter = parameters.next() {
            if parameter.isNamed("type") {
                guard type == nil, let value = parameter.value, ChannelName.isValid(value.span) else {
                    response.refuse(
                        .badParameter,
                        "Give type once, as 1 to 255 octets of UTF-8 without control characters.",
                        context.settings)
                    return nil
                }
                type = value
            } else if parameter.isNamed("timestamp") || parameter.isNamed("age") {
                if body.isStream {
                    response.refuse(
                        .badParameter,
                        "timestamp and age are for single items; post records, which have their own times.",
                        context.settings)
                    return nil
                }
                guard timestamp == nil, let milliseconds = parameter.value?.span.decimal() else {
                    response.refuse(
                        .badParameter, "Give either timestamp or age, once, in milliseconds.",
                        context.settings)
                    return nil
                }
                let now = context.nowMilliseconds
                // An age that goes back behind 1970 is late in any case.
                isAge = parameter.isNamed("age")
                timestamp = isAge ? now - min(now, milliseconds) : milliseconds
            }
        }
        return (type, timestamp, isAge)
    }
}
