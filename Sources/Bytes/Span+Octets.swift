extension Span where Element == UInt8 {
    /// The octets in memory of their own.
    @inlinable
    package func copied() -> [UInt8] {
        var copy: [UInt8] = []
        copy.reserveCapacity(count)
        copy.append(copying: self)
        return copy
    }

    /// Reads an integer in network byte order; `offset` and its octets must lie inside.
    @inlinable
    package func bigEndian<Value: FixedWidthInteger & UnsignedInteger>(at offset: Int, as type: Value.Type)
        -> Value
    {
        precondition(
            offset >= 0 && count - offset >= Value.bitWidth / 8, "integer past the end of the octets")
        // SAFETY: the precondition holds the load inside the octets, and an integer is valid for any of them.
        return unsafe withUnsafeBytes {
            unsafe Value(bigEndian: $0.loadUnaligned(fromByteOffset: offset, as: type))
        }
    }

    /// Where `octet` stands first at or after `start`.
    @inlinable
    package func firstIndex(of octet: UInt8, from start: Int = 0) -> Int? {
        var index = start
        while index <= count &- 8 {
            let marks = OctetWord(self, at: index).marks(of: octet)
            if marks != 0 { return index &+ OctetWord.count(before: marks) }
            index &+= 8
        }
        while index < count {
            if self[index] == octet { return index }
            index &+= 1
        }
        return nil
    }

    /// Whether both hold the same octets. Not for secrets: the time tells where they differ.
    @inlinable
    package func isEqual(to other: Span<UInt8>) -> Bool {
        if count != other.count { return false }
        if count < 4 {
            for index in indices where self[index] != other[index] { return false }
            return true
        }
        if count < 8 { return OctetWord(endsOf: self).value == OctetWord(endsOf: other).value }
        var index = 0
        while index < count &- 8 {
            if OctetWord(self, at: index).value != OctetWord(other, at: index).value { return false }
            index &+= 8
        }
        // The last eight octets, some of them perhaps again.
        return OctetWord(self, at: count &- 8).value == OctetWord(other, at: count &- 8).value
    }

    /// Whether the octets are those of an ASCII literal.
    @inlinable
    package func isEqual(to literal: StaticString) -> Bool {
        // SAFETY: a StaticString's octets live as long as the program, and the count is its own.
        let octets = unsafe UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        return isEqual(to: unsafe Span(_unsafeElements: octets))
    }

    /// Whether the octets are those of a lower-case ASCII literal, taking A to Z for a to z. Inlined, so that
    /// the literal's octets become constants of the code.
    @inlinable
    @inline(__always)
    package func isEqual(toLowercased literal: StaticString) -> Bool {
        if count != literal.utf8CodeUnitCount { return false }
        // SAFETY: a StaticString's octets live as long as the program, and the count is its own.
        let octets = unsafe UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        let expected = unsafe Span(_unsafeElements: octets)
        if count < 4 {
            for index in indices where self[index].lowercasedASCII != expected[index] { return false }
            return true
        }
        if count < 8 { return OctetWord(endsOf: self).lowercasedASCII == OctetWord(endsOf: expected).value }
        var index = 0
        while index < count &- 8 {
            if OctetWord(self, at: index).lowercasedASCII != OctetWord(expected, at: index).value {
                return false
            }
            index &+= 8
        }
        // The last eight octets, some of them perhaps again.
        return OctetWord(self, at: count &- 8).lowercasedASCII == OctetWord(expected, at: count &- 8).value
    }

    /// Whether the octets begin with those of an ASCII literal.
    @inlinable
    package func hasPrefix(_ literal: StaticString) -> Bool {
        count >= literal.utf8CodeUnitCount
            && extracting(0..<literal.utf8CodeUnitCount).isEqual(to: literal)
    }

    /// The value of 1 to 20 decimal digits, or nil for anything else: a sign, a space, more than 2^64−1.
    @inlinable
    package func decimal() -> UInt64? {
        if count == 0 || count > 20 { return nil }
        var value: UInt64 = 0
        for index in indices {
            let digit = self[index] &- UInt8(ascii: "0")
            if digit > 9 { return nil }
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = shifted.addingReportingOverflow(UInt64(digit))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }

    /// Whether the octets are UTF-8 (RFC 3629: no surrogates, no overlong forms).
    package var isUTF8: Bool {
        // The only error is "not UTF-8".
        (try? UTF8Span(validating: self)) != nil
    }

    /// The text, where the octets are UTF-8 (RFC 3629: no surrogates, no overlong forms).
    package func utf8Text() -> String? {
        // The only error is "not UTF-8".
        guard let text = try? UTF8Span(validating: self) else { return nil }
        return String(copying: text)
    }
}

extension UInt8 {
    /// The octet, with A to Z taken for a to z.
    @inlinable
    package var lowercasedASCII: UInt8 {
        self &- UInt8(ascii: "A") < 26 ? self | 0x20 : self
    }
}

extension Span where Element == UInt8 {
    /// Whether the octets are the same when A to Z are taken for a to z.
    @inlinable
    package func isEqualIgnoringCase(to other: Span<UInt8>) -> Bool {
        if count != other.count { return false }
        for index in indices where self[index].lowercasedASCII != other[index].lowercasedASCII {
            return false
        }
        return true
    }
}
