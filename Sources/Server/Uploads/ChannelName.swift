import Bytes
import HTTP

/// What a channel's id or type may be.
enum ChannelName {
    static let byteCountMax = 255

    /// For whoever named a channel that can't be.
    static var advice: StaticString {
        "A channel id is 1 to 255 octets of UTF-8 without control characters, percent-encoded."
    }

    /// The id that a path's segment stands for; nil where it can't be one.
    static func decode(_ segment: Span<UInt8>) -> [UInt8]? {
        var id: [UInt8] = []
        id.reserveCapacity(segment.count)
        return Target.decode(segment, into: &id) && isValid(id.span) ? id : nil
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
