import Bytes

/// `OPTIONS` on every path: the methods, and what a browser asks before it lets a script use them (the Fetch
/// standard, "CORS-preflight fetch").
enum OptionsRoute {
    static func respond(
        for resource: Resource, _ context: borrowing RequestContext, _ response: inout Response
    ) {
        response.status = 204
        response.block = context.settings.blocks.empty
        response.fields.append("Allow: ")
        response.fields.append(resource.methods)
        response.fields.append("\r\nAccess-Control-Allow-Methods: ")
        response.fields.append(resource.methods)
        response.fields.append("\r\nAccess-Control-Allow-Headers: ")
        response.fields.append(requestFields(for: resource))
        // Two hours: Chromium takes no more.
        response.fields.append("\r\nAccess-Control-Max-Age: 7200\r\n")
        switch resource {
        case .channel, .event: response.fields.append(AcceptedTypes.field)
        default: break
        }
    }

    /// The request fields that a script may set. Authorization must be named: `*` doesn't stand for it.
    private static func requestFields(for resource: Resource) -> StaticString {
        switch resource {
        case .channel, .event, .server:
            "Authorization, Content-Type, Content-Encoding, Idempotency-Key, Prefer"
        default:
            """
            Accept, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, \
            Last-Event-ID, Range
            """
        }
    }
}
