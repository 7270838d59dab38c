/// A stream or a connection that this side breaks off, with the code that it tells the peer (RFC 9113 section
/// 7).
package enum HTTP2Break: Sendable, Equatable {
    /// RST_STREAM.
    case stream(code: UInt32)
    /// GOAWAY, also the one that only says that the end is near.
    case connection(code: UInt32)
}

/// Why a peer was sent away for what it costs.
package enum HTTP2Excess: Sendable {
    /// Frames that ask for nothing, or as much else that is of no use.
    case frames
    /// CONTINUATION frames of one head.
    case continuations
}
