/// What an `Inflater` stops at: a few hundred octets of gzip can stand for megabytes.
package struct InflateLimits: Sendable {
    /// The octets that may come out, of all members together.
    package var byteCountMax: UInt64
    /// How many times the octets that went in may have come out. Deflate reaches 1,032 (zlib's technical
    /// notes); JSON readings rarely pass 50.
    package var ratioMax: UInt64

    /// Makes limits.
    package init(byteCountMax: UInt64, ratioMax: UInt64 = 200) {
        self.byteCountMax = byteCountMax
        self.ratioMax = ratioMax
    }
}
