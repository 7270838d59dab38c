import Bytes

/// The request methods the server knows (RFC 9110 section 9, RFC 5789). Any other is answered with 501.
package enum Method: Sendable, Equatable {
    case get, head, post, put, delete, connect, options, trace, patch

    /// Methods are case-sensitive (RFC 9110 section 9.1).
    init?(_ token: Span<UInt8>) {
        if token.isEqual(to: "GET") {
            self = .get
        } else if token.isEqual(to: "POST") {
            self = .post
        } else if token.isEqual(to: "HEAD") {
            self = .head
        } else if token.isEqual(to: "OPTIONS") {
            self = .options
        } else if token.isEqual(to: "PUT") {
            self = .put
        } else if token.isEqual(to: "DELETE") {
            self = .delete
        } else if token.isEqual(to: "PATCH") {
            self = .patch
        } else if token.isEqual(to: "CONNECT") {
            self = .connect
        } else if token.isEqual(to: "TRACE") {
            self = .trace
        } else {
            return nil
        }
    }
}
