/// What the head of a POST has said about the item in its body.
struct Upload: Sendable {
    /// How the body is read.
    enum Body: Sendable {
        /// One JSON value is one item.
        case json
        /// Any octets are one item.
        case octets
    }

    /// 1 to 255 octets of UTF-8 without control characters.
    let channelID: [UInt8]
    /// As `channelID`.
    let channelType: [UInt8]
    /// The device's time for the item, in milliseconds since the epoch; nil for the server's.
    let deviceTimestamp: UInt64?
    let body: Body
    /// A body with more octets than these is answered with `Router.refuseTooLarge`.
    let byteCountMax: Int
    /// The client wants no body in the answer (RFC 7240 section 4.2).
    let wantsMinimal: Bool
    /// When it was received, by the frame clock, in milliseconds since the epoch: the time of the head, which
    /// an age counts back from; for an item that the server stamps, its stamp, once the body is whole.
    var receivedAt: UInt64
}
