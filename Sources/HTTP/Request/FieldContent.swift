import Bytes

/// A field value among a head's octets (RFC 9110 section 5.5).
enum FieldContent {
    /// Where the value that goes on at `start` ends: at the first control character but HTAB.
    @inline(__always)
    static func end(in octets: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index <= octets.count &- 8 {
            let word = OctetWord(octets, at: index)
            let marks = word.marks(below: 0x20) | word.marks(of: 0x7F)
            index &+= OctetWord.count(before: marks)
            if marks == 0 { continue }
            if octets[index] != UInt8(ascii: "\t") { return index }
            index += 1
        }
        while index < octets.count && OctetClass(of: octets[index]).contains(.value) { index += 1 }
        return index
    }
}
