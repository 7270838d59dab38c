import Bytes
import Compression

/// A body's octets as they were sent in gzip, on their way to being content.
struct GzipContent: ~Copyable {
    private var coded = Buffer()
    private var inflater: Inflater

    /// - Throws: where there is no memory for zlib's window.
    init(limits: InflateLimits) throws(CompressionError) {
        inflater = try Inflater(limits: limits)
    }

    /// Octets that came and are not worked off.
    var count: Int { coded.count }

    /// Whether all that came is worked off.
    var isEmpty: Bool { coded.isEmpty }

    /// Whether the body may end here.
    var isWhole: Bool { inflater.isWhole }

    /// Takes octets as they were sent.
    mutating func take(_ octets: Span<UInt8>) { coded.append(copying: octets) }

    /// Inflates at most `byteCountMax` octets into `content`.
    mutating func inflate(into content: inout Buffer, byteCountMax: Int) -> InflateState {
        let (consumed, state) = Self.inflate(coded, &inflater, into: &content, byteCountMax)
        coded.consume(consumed)
        if coded.isEmpty { coded.release() }
        return state
    }

    private static func inflate(
        _ coded: borrowing Buffer, _ inflater: inout Inflater, into content: inout Buffer, _ byteCountMax: Int
    ) -> (Int, InflateState) {
        inflater.inflate(coded.octets, into: &content, outputMax: byteCountMax)
    }
}
