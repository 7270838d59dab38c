import Bytes
import HTTP

/// What a channel's id or type may be; and an id, which holds its octets itself, so that an upload takes no
/// memory for it.
struct ChannelName: Sendable {
    static let byteCountMax = 255

    /// For whoever named a channel that can't be.
    static var advice: StaticString {
        "A channel id is 1 to 255 octets of UTF-8 without control characters, percent-encoded."
    }

    private var octets = InlineArray<255, UInt8>(repeating: 0)
    private var byteCount: UInt8 = 0

    /// A name without octets, which no channel has.
    init() {}

    /// Reads a segment of a path, percent-decoded once; nil where that is not valid.
    init?(percentEncoded segment: Span<UInt8>) {
        var index = 0
        while index < segment.count {
            guard byteCount < Self.byteCountMax, let octet = Target.decodedOctet(segment, &index) else {
                return nil
            }
            octets[Int(byteCount)] = octet
            byteCount += 1
        }
        if !Self.isValid(span) { return nil }
    }

    var span: Span<UInt8> {
        @_lifetime(borrow self)
        get { octets.span.extracting(first: Int(byteCount)) }
    }

    /// 1 to 255 octets of UTF-8 without control characters (U+0000 to U+001F and U+007F to U+009F).
    static func isValid(_ name: Span<UInt8>) -> Bool {
        if name.isEmpty || name.count > byteCountMax { return false }
        var isASCII = true
        for index in name.indices {
            if name[index] < 0x20 || name[index] == 0x7F { return false }
            if name[index] >= 0x80 { isASCII = false }
        }
        if isASCII { return true }
        // Its only error is "not UTF-8".
        guard (try? UTF8Span(validating: name)) != nil else { return false }
        for index in 1..<name.count where name[index - 1] == 0xC2 && name[index] < 0xA0 { return false }
        return true
    }
}
