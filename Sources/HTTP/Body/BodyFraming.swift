/// How a request's body is delimited (RFC 9112 section 6.3).
package enum BodyFraming: Sendable, Equatable {
    case none
    case length(UInt64)
    case chunked
}
