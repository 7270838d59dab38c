/// How many frames that ask for nothing a peer may still send. They cost the server work, and answers to some
/// of them memory, while the peer pays next to nothing: floods of settings, pings, empty frames, priorities,
/// resets (CVE-2019-9511 to 9518, CVE-2023-44487, CVE-2025-8671).
struct FrameAllowance {
    private let framesMax: Int
    private let framesPerSecond: Int
    private var framesLeft: Int
    private var refilledAt: UInt64?

    init(limits: HTTP2Limits) {
        framesMax = limits.idleFramesMax
        framesPerSecond = limits.idleFramesPerSecond
        framesLeft = limits.idleFramesMax
    }

    /// Nothing is left: the peer is to be sent away.
    var isSpent: Bool { framesLeft < 0 }

    mutating func spend() { framesLeft -= 1 }

    /// A frame brought something, or took something: a peer that reads through small windows has to say so
    /// often.
    mutating func earn() { framesLeft = min(framesMax, framesLeft + 2) }

    /// - Parameter now: milliseconds of the monotonic clock.
    mutating func refill(now: UInt64) {
        guard let before = refilledAt else {
            refilledAt = now
            return
        }
        let earned = (now - before) * UInt64(framesPerSecond) / 1000
        if earned == 0 { return }
        refilledAt = now
        framesLeft = min(framesMax, framesLeft + Int(clamping: earned))
    }
}
