import Bytes

/// The request methods the server knows (RFC 9110 section 9, RFC 5789, and the HTTP working group's QUERY).
/// Any other is answered with 501.
package enum Method: Sendable, Equatable {
    case get, head, post, put, delete, connect, options, trace, patch, query

    /// As it stands in a request line.
    package var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .connect: "CONNECT"
        case .options: "OPTIONS"
        case .trace: "TRACE"
        case .patch: "PATCH"
        case .query: "QUERY"
        }
    }

    /// Methods are case-sensitive (RFC 9110 section 9.1).
    init?(_ token: Span<UInt8>) {
        switch token.count {
        case 3 where token.isEqual(to: "GET"): self = .get
        case 3 where token.isEqual(to: "PUT"): self = .put
        case 4 where token.isEqual(to: "POST"): self = .post
        case 4 where token.isEqual(to: "HEAD"): self = .head
        case 5 where token.isEqual(to: "PATCH"): self = .patch
        case 5 where token.isEqual(to: "TRACE"): self = .trace
        case 5 where token.isEqual(to: "QUERY"): self = .query
        case 6 where token.isEqual(to: "DELETE"): self = .delete
        case 7 where token.isEqual(to: "OPTIONS"): self = .options
        case 7 where token.isEqual(to: "CONNECT"): self = .connect
        default: return nil
        }
    }
}
