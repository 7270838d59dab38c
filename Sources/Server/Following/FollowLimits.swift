/// What following may take.
package struct FollowLimits: Sendable {
    /// Octets of events that are gathered into one piece.
    static let pieceByteCount = 16 * 1024
    /// The longest wait for a frame that a request may ask for, in seconds: the limit of most proxies.
    static let waitSecondsMax: UInt64 = 60

    /// The longest wait for a frame that is granted, in milliseconds.
    package var waitMillisecondsMax: UInt64 = 60_000
    /// How long an event stream is silent: less than the idle limit of any common proxy.
    package var silenceMilliseconds: UInt64 = 15_000
    /// Octets of one channel's events that wait for those who read slowly, on each loop; one block of them
    /// may go beyond. As much as lies on a fast line of 100 ms, and the sockets hold more.
    package var channelByteCountMax = 1 << 20
    /// The same of all channels, and all loops together: past a loop's part each channel keeps its newest
    /// block only. The default is 256 channels whose readers have all fallen behind.
    package var byteCountMax = 256 << 20

    package init() {}

    /// What holds for each of so many loops.
    func part(ofEach loopCount: Int) -> FollowLimits {
        var part = self
        part.byteCountMax /= loopCount
        return part
    }
}
