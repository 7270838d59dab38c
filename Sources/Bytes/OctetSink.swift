/// Something octets can be appended to: an array, or a `Buffer` that is reused between requests.
///
/// Writers take `inout some OctetSink & ~Copyable`, so one piece of code fills both.
@usableFromInline
package protocol OctetSink: ~Copyable {
    mutating func append(_ octet: UInt8)
    mutating func append(copying octets: Span<UInt8>)
}

extension OctetSink where Self: ~Copyable {
    /// Appends the octets of a literal; only ASCII literals are meant.
    @inlinable
    package mutating func append(_ literal: StaticString) {
        // SAFETY: a StaticString's octets live as long as the program, and the count is its own.
        let octets = unsafe UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        append(copying: unsafe Span(_unsafeElements: octets))
    }

    /// Appends a string's UTF-8 octets.
    @inlinable
    package mutating func append(utf8 string: String) {
        for octet in string.utf8 { append(octet) }
    }

    /// Appends `value` in network byte order.
    @inlinable
    package mutating func append(bigEndian value: some FixedWidthInteger & UnsignedInteger) {
        // Collected first, so that a sink looks for room once a number.
        var octets = InlineArray<8, UInt8>(repeating: 0)
        let count = value.bitWidth / 8
        for index in 0..<count {
            octets[index] = UInt8(truncatingIfNeeded: value >> ((count - 1 - index) * 8))
        }
        append(copying: octets.span.extracting(0..<count))
    }

    /// Appends `value` in decimal digits, without a sign or leading zeros.
    @inlinable
    package mutating func append(decimal value: UInt64) {
        if value < 10 { return append(UInt8(ascii: "0") + UInt8(value)) }
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var rest = value
        var first = 20
        while rest > 0 {
            first -= 1
            digits[first] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        append(copying: digits.span.extracting(first..<20))
    }

    /// Appends two lower-case hexadecimal digits for every octet.
    @inlinable
    package mutating func append(hex octets: Span<UInt8>) {
        // Collected first, so that a sink looks for room once in 32 octets.
        var digits = InlineArray<64, UInt8>(repeating: 0)
        var start = 0
        while start < octets.count {
            let count = min(32, octets.count - start)
            for index in 0..<count {
                digits[2 * index] = Hex.digit(octets[start + index] >> 4)
                digits[2 * index + 1] = Hex.digit(octets[start + index] & 15)
            }
            append(copying: digits.span.extracting(0..<2 * count))
            start += count
        }
    }
}

extension Array: OctetSink where Element == UInt8 {
    /// Appends octets.
    @inlinable
    package mutating func append(copying octets: Span<UInt8>) {
        // SAFETY: the pointer is used only within the closure, and the array copies from it.
        unsafe octets.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
