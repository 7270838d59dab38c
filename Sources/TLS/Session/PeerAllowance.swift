/// What a peer may still ask of a session without sending anything of use.
///
/// Against floods of empty records and of warning alerts OpenSSL has limits of its own: 32 and 5 in a row.
struct PeerAllowance {
    /// Octets a handshake may take. A ClientHello with post-quantum key shares and a ticket takes some
    /// 2 KiB. OpenSSL itself refuses a ClientHello of more than 131,396 octets (CLIENT_HELLO_MAX_LENGTH).
    static let handshakeByteCountMax = 64 * 1024

    /// Steps after the handshake: with TLS 1.2 those of OpenSSL's state machine, which a renegotiation takes
    /// though it is refused; with TLS 1.3 key updates, of some 10 µs of CPU each. An honest peer updates its
    /// keys once in some 2^24 records (RFC 8446 section 5.5).
    static let stepCountMax = 128

    /// What a key update takes, and one that asks for ours.
    static let updateSteps = 3
    static let answeredUpdateSteps = 5

    /// Octets of application data that win the peer another `stepCountMax`.
    static let renewalByteCount = 1024 * 1024

    private(set) var stepsLeft = stepCountMax
    private var byteCountToRenewal = renewalByteCount
    private var handshakeByteCount = 0

    /// Counts octets of the handshake; false where they are too many.
    mutating func spend(handshakeByteCount count: Int) -> Bool {
        handshakeByteCount += count
        return handshakeByteCount <= Self.handshakeByteCountMax
    }

    /// Takes note of what a call left of the steps, and of the application data it brought.
    mutating func settle(stepsLeft: Int, received: Int) {
        self.stepsLeft = stepsLeft
        byteCountToRenewal -= received
        if byteCountToRenewal > 0 { return }
        self.stepsLeft = Self.stepCountMax
        byteCountToRenewal = Self.renewalByteCount
    }
}
