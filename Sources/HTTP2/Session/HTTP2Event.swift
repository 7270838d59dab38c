package import HTTP

/// Names a stream as long as it is open.
package struct HTTP2StreamID: Sendable, Equatable {
    /// The stream's identifier (RFC 9113 section 5.1.1).
    package let number: Int32
    /// A small number that no other open stream has: an index for what its owner keeps of it. Used again once
    /// `HTTP2Event.closed` has told of its end.
    package let slot: Int
}

/// What a peer's octets came to, in their order.
package enum HTTP2Event: Sendable, Equatable {
    /// A request's head is whole: a range of the session's `fields`, or the limit that it broke.
    case request(HTTP2StreamID, Result<Range<Int>, RequestFault>, hasContent: Bool)
    /// A part of a request's content: a range of the octets that were received. Each counts against the
    /// windows until it is consumed.
    case content(HTTP2StreamID, Range<Int>)
    /// A request's content has ended.
    case contentEnd(HTTP2StreamID)
    /// The response is sent, and the request's content has not ended.
    case answeredEarly(HTTP2StreamID)
    /// The stream is over. Where `isWhole` is false, one side broke it off.
    case closed(HTTP2StreamID, isWhole: Bool)
}

/// A piece of what is to be sent: octets of the session's own, then content of a stream.
package struct HTTP2Piece: Sendable {
    /// So many octets of the session's own frames, behind those of the pieces before.
    package var frameByteCount: Int
    /// So many octets of the content of the stream with this slot.
    package var slot = 0
    package var contentByteCount = 0
}
