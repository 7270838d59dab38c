/// What a peer may ask of a session without sending anything of use.
enum SessionLimits {
    /// Octets a handshake may take. A ClientHello with post-quantum key shares and a resumption ticket takes about 2 KiB.
    /// OpenSSL itself refuses a ClientHello of more than 131,396 octets (CLIENT_HELLO_MAX_LENGTH) and any other message of
    /// a client without a certificate of more than 16 KiB.
    static let handshakeByteCountMax = 64 * 1024

    /// Handshake messages after the handshake: key updates, and renegotiations, which are refused. An honest peer updates
    /// its keys once in some 2^24 records (RFC 8446 section 5.5), yet each update costs us more than a record does.
    static let messageCountMax = 32

    /// Application data that wins the peer another `messageCountMax`.
    static let messageRenewalByteCount = 1024 * 1024

    // Against floods of empty records and of warning alerts OpenSSL has limits of its own: 32 and 5 in a row.
}
