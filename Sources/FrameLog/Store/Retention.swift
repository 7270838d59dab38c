/// Which frames are kept: the oldest go as soon as one of the limits is passed.
package struct Retention: Sendable {
    package var framesMax = 360
    /// The most octets of all frames together, gzip forms included; nil for no such limit.
    package var byteCountMax: UInt64?
    /// How long ago a frame may have ended; nil for no such limit.
    package var ageMillisecondsMax: UInt64?

    package init() {}

    /// How many of the oldest frames are to go, where all and their gzip forms together have `byteCount`
    /// octets.
    func excess(in frames: [StoredFrame], byteCount: UInt64, now: UInt64) -> Int {
        var left = byteCount
        var count = 0
        for frame in frames {
            let isOld = ageMillisecondsMax.map { frame.endTimestamp + $0 < now } ?? false
            let isTooMuch = byteCountMax.map { left > $0 } ?? false
            if frames.count - count <= framesMax && !isOld && !isTooMuch { return count }
            left -= frame.byteCount + (frame.gzipByteCount ?? 0)
            count += 1
        }
        return count
    }
}
