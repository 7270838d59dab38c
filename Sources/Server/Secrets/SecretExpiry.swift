import Bytes
import Posix

/// The moment from which a secret is no longer valid, in whole seconds since the UNIX epoch.
///
/// It is written as an RFC 3339 date-time (`2027-01-31T18:00:00Z`, any offset, fractions dropped), as a date,
/// which means its first moment in UTC, or as UNIX seconds in decimal digits.
package struct SecretExpiry: Sendable, Equatable {
    package let secondsSinceEpoch: UInt64

    /// - Parameter secondsSinceEpoch: any moment from 1970 on.
    package init(secondsSinceEpoch: UInt64) {
        self.secondsSinceEpoch = secondsSinceEpoch
    }

    /// The moment that `text` stands for, or nil where it is none of the three forms or lies before 1970.
    package init?(_ text: Span<UInt8>) {
        if let seconds = text.decimal() {
            secondsSinceEpoch = seconds
            return
        }
        guard text.count >= 10, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
            let year = Self.number(text, 0..<4), year >= 1970,
            let month = Self.number(text, 5..<7), 1...12 ~= month,
            let day = Self.number(text, 8..<10), 1...Self.dayCount(month: month, year: year) ~= day
        else { return nil }
        var seconds = Self.daysSinceEpoch(year: year, month: month, day: day) * 86_400
        if text.count > 10 {
            guard let time = Self.timeOfDay(text.extracting(droppingFirst: 10)) else { return nil }
            seconds += time
        }
        guard seconds >= 0 else { return nil }
        secondsSinceEpoch = UInt64(seconds)
    }

    /// Whether the secret's time is over.
    package func isOver(nowMilliseconds: UInt64) -> Bool {
        nowMilliseconds / 1000 >= secondsSinceEpoch
    }

    /// The moment as an RFC 3339 date-time in UTC; past the year 9999, which that form can't name, as UNIX
    /// seconds.
    package var text: String {
        if secondsSinceEpoch >= 253_402_300_800 { return String(secondsSinceEpoch) }
        let time = UTCTime(milliseconds: secondsSinceEpoch * 1000)
        let date = "\(time.year)-\(Self.twoDigits(time.month))-\(Self.twoDigits(time.day))"
        let hour = Self.twoDigits(time.hour)
        return "\(date)T\(hour):\(Self.twoDigits(time.minute)):\(Self.twoDigits(time.second))Z"
    }

    /// The seconds that `THH:MM:SS`, an optional fraction and an offset add to the date (RFC 3339 section
    /// 5.6).
    private static func timeOfDay(_ text: Span<UInt8>) -> Int? {
        guard text.count >= 10, text[0].lowercasedASCII == UInt8(ascii: "t"), text[3] == UInt8(ascii: ":"),
            text[6] == UInt8(ascii: ":"), let hour = number(text, 1..<3), hour < 24,
            let minute = number(text, 4..<6), minute < 60,
            let second = number(text, 7..<9), second <= 60  // 60 is a leap second.
        else { return nil }
        var index = 9
        if text[index] == UInt8(ascii: ".") {
            index += 1
            let start = index
            while index < text.count, text[index] &- UInt8(ascii: "0") < 10 { index += 1 }
            if index == start { return nil }
        }
        guard index < text.count, let offset = offset(text.extracting(droppingFirst: index)) else {
            return nil
        }
        return hour * 3600 + minute * 60 + second - offset
    }

    /// The seconds by which a local time is ahead of UTC: `Z`, `+HH:MM` or `-HH:MM`.
    private static func offset(_ text: Span<UInt8>) -> Int? {
        if text.count == 1 { return text[0].lowercasedASCII == UInt8(ascii: "z") ? 0 : nil }
        guard text.count == 6, text[3] == UInt8(ascii: ":"), let hour = number(text, 1..<3), hour < 24,
            let minute = number(text, 4..<6), minute < 60
        else { return nil }
        switch text[0] {
        case UInt8(ascii: "+"): return hour * 3600 + minute * 60
        case UInt8(ascii: "-"): return -(hour * 3600 + minute * 60)
        default: return nil
        }
    }

    private static func number(_ text: Span<UInt8>, _ range: Range<Int>) -> Int? {
        text.extracting(range).decimal().map { Int($0) }
    }

    private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        var days = day - 1
        for earlier in 1970..<year { days += dayCount(year: earlier) }
        for earlier in 1..<month { days += dayCount(month: earlier, year: year) }
        return days
    }

    private static func dayCount(year: Int) -> Int {
        isLeap(year) ? 366 : 365
    }

    private static func dayCount(month: Int, year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    private static func twoDigits(_ value: Int) -> String {
        value < 10 ? "0\(value)" : "\(value)"
    }
}
