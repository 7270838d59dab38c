/// What one connection may take and must not do. All of it is per connection.
package struct HTTP2Limits: Sendable {
    /// Streams open at once, as SETTINGS_MAX_CONCURRENT_STREAMS says (RFC 9113 section 6.5.2).
    package var streamsMax = 128
    /// Octets of content that may be on their way on one stream before the server takes them.
    package var streamWindowByteCount = 512 << 10
    /// The same for all streams together; it bounds what a connection holds in memory. 65,535 at least.
    package var connectionWindowByteCount = 1 << 20
    /// How many frames that ask for nothing may come in a row, and how many more a second: empty ones,
    /// settings, pings, priorities, window updates, resets. Frames that bring or take content give some back.
    package var idleFramesMax = 1_000
    package var idleFramesPerSecond = 100
    /// CONTINUATION frames of one head (RFC 9113 section 6.10). With the frame before them eight of the size
    /// that every peer may use hold 144 KiB: more than any header section may have.
    package var continuationsMax = 8

    package init() {}
}
