/// What a peer may ask of a session without sending anything of use.
enum SessionLimits {
    /// Octets a handshake may take. A ClientHello with post-quantum key shares and a resumption ticket takes about 2 KiB.
    /// OpenSSL itself refuses a ClientHello of more than 131,396 octets (CLIENT_HELLO_MAX_LENGTH) and any other message of
    /// a client without a certificate of more than 16 KiB.
    static let handshakeByteCountMax = 64 * 1024

    /// Steps of OpenSSL's state machine after the handshake: a key update takes 3, or 5 where it asks for ours, and 10 to
    /// 14 µs of CPU. A renegotiation counts, too, though it is refused. An honest peer updates its keys once in some 2^24 records (RFC 8446 section 5.5).
    static let handshakeStepCountMax = 128

    /// Application data that wins the peer another `handshakeStepCountMax`.
    static let stepRenewalByteCount = 1024 * 1024

    // Against floods of empty records and of warning alerts OpenSSL has limits of its own: 32 and 5 in a row.
}
