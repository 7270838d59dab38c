/// Where a session stands after octets were fed to it.
package enum TLSProgress: Sendable, Equatable {
    /// The handshake waits for more from the peer.
    case handshaking
    /// Open, and everything fed is worked off.
    case open
    /// Open, but the plaintext has reached its maximum while more is at hand, in the ciphertext or decrypted
    /// inside the session, of which the socket knows nothing: call again once the plaintext is consumed,
    /// whether or not more comes.
    case full
    /// The peer sent close_notify: it will send no more, but may still receive (RFC 8446 section 6.1).
    case closedByPeer
    /// The peer's first octets are a plain HTTP request. They were left in the ciphertext; nothing was made
    /// for it.
    case plainHTTP
    /// Dead. What the peer should be told stands in the replies.
    case failed(TLSFailure)
}

/// Why a session died.
package struct TLSFailure: Sendable, Equatable, CustomStringConvertible {
    /// The library's words, or ours: "wrong version number", "tlsv1 alert unknown ca". Never anything the
    /// peer wrote.
    package let cause: String
    /// The alert that went to the peer (RFC 8446 section 6), if any.
    package let alertSent: UInt8?

    package var description: String {
        alertSent.map { "\(cause) (alert \($0) sent)" } ?? cause
    }
}
