/// Base 16, RFC 4648 section 8, written in lower case and read in both.
@usableFromInline
package enum Hex {
    /// The digit for a value of 0 to 15.
    @inlinable
    package static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }

    /// The value of a digit, or nil where it is none.
    @inlinable
    package static func value(_ digit: UInt8) -> UInt8? {
        let decimal = digit &- UInt8(ascii: "0")
        if decimal < 10 { return decimal }
        let letter = digit.lowercasedASCII &- UInt8(ascii: "a")
        return letter < 6 ? letter + 10 : nil
    }

    /// The digits of `octets` as text.
    package static func text(_ octets: Span<UInt8>) -> String {
        var digits: [UInt8] = []
        digits.append(hex: octets)
        return String(decoding: digits, as: UTF8.self)
    }

    /// The octets that an even number of digits stands for, or nil.
    package static func octets(_ digits: Span<UInt8>) -> [UInt8]? {
        if digits.count % 2 != 0 { return nil }
        var octets: [UInt8] = []
        octets.reserveCapacity(digits.count / 2)
        var index = 0
        while index < digits.count {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            octets.append(high << 4 | low)
            index += 2
        }
        return octets
    }
}
