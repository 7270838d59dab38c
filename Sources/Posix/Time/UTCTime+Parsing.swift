import Glibc

extension UTCTime {
    /// Milliseconds since the UNIX epoch of an RFC 3339 date-time: `2026-11-23T10:36:56.042Z`, with or
    /// without a fraction, at any offset; digits behind the third are dropped. Nil for anything else, and
    /// before 1970.
    package static func milliseconds(rfc3339 text: String) -> UInt64? {
        let octets = Array(text.utf8)
        guard octets.count >= 20, octets[4] == dash, octets[7] == dash,
            octets[10] | 0x20 == UInt8(ascii: "t"),
            octets[13] == colon, octets[16] == colon,
            let year = number(octets[0..<4]), let month = number(octets[5..<7]),
            let day = number(octets[8..<10]),
            let hour = number(octets[11..<13]), let minute = number(octets[14..<16]),
            let second = number(octets[17..<19]),
            year >= 1970, 1...12 ~= month, 1...31 ~= day, hour < 24, minute < 60, second <= 60,
            let (fraction, rest) = fraction(octets[19...]), let offset = offset(rest)
        else { return nil }
        // SAFETY: all of the structure is filled; timegm reads it, and writes back the date it understood.
        var parts = unsafe tm()
        unsafe parts.tm_year = Int32(year - 1900)
        unsafe parts.tm_mon = Int32(month - 1)
        unsafe parts.tm_mday = Int32(day)
        unsafe parts.tm_hour = Int32(hour)
        unsafe parts.tm_min = Int32(minute)
        let seconds = unsafe timegm(&parts) + second - offset
        // The 31st of a short month would have become another day.
        guard unsafe parts.tm_mday == Int32(day), seconds >= 0 else { return nil }
        return UInt64(seconds) * 1000 + UInt64(fraction)
    }

    private static let dash = UInt8(ascii: "-")
    private static let colon = UInt8(ascii: ":")

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for digit in digits {
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return value
    }

    /// The milliseconds of `.042`, and what stands behind them.
    private static func fraction(_ text: ArraySlice<UInt8>) -> (Int, ArraySlice<UInt8>)? {
        guard text.first == UInt8(ascii: ".") else { return (0, text) }
        let digits = text.dropFirst().prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        guard !digits.isEmpty, var value = number(digits.prefix(3)) else { return nil }
        for _ in digits.prefix(3).count..<3 { value *= 10 }
        return (value, text[digits.endIndex...])
    }

    /// The seconds by which a local time is ahead of UTC: `Z`, `+HH:MM` or `-HH:MM`.
    private static func offset(_ text: ArraySlice<UInt8>) -> Int? {
        let text = Array(text)
        if text.count == 1 { return text[0] | 0x20 == UInt8(ascii: "z") ? 0 : nil }
        guard text.count == 6, text[3] == colon, let hour = number(text[1..<3]), hour < 24,
            let minute = number(text[4..<6]), minute < 60
        else { return nil }
        switch text[0] {
        case UInt8(ascii: "+"): return hour * 3600 + minute * 60
        case dash: return -(hour * 3600 + minute * 60)
        default: return nil
        }
    }
}
