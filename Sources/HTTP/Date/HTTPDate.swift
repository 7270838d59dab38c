package import Bytes

/// Dates in header fields (RFC 9110 section 5.6.7): written in the one form, read in all three. Years 1970 to
/// 9999.
package enum HTTPDate {
    private static let days: [StaticString] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let longDays: [StaticString] = [
        "Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday",
    ]
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    private static let secondsPerDay: UInt64 = 86_400
    /// 9999-12-31T23:59:59Z: the form has four digits for the year.
    private static let secondsMax: UInt64 = 253_402_300_799

    /// Appends IMF-fixdate, 29 octets: `Sun, 06 Nov 1994 08:49:37 GMT`. Later times than the form can say are
    /// clamped.
    package static func append(secondsSinceEpoch: UInt64, to sink: inout some OctetSink & ~Copyable) {
        let seconds = min(secondsSinceEpoch, secondsMax)
        let day = seconds / secondsPerDay
        let (year, month, date) = civil(fromDays: Int(day))
        let time = seconds % secondsPerDay
        sink.append(days[Int(day % 7)])
        sink.append(", ")
        appendTwo(date, to: &sink)
        sink.append(" ")
        sink.append(months[month - 1])
        sink.append(" ")
        appendTwo(year / 100, to: &sink)
        appendTwo(year % 100, to: &sink)
        sink.append(" ")
        appendTwo(Int(time / 3600), to: &sink)
        sink.append(":")
        appendTwo(Int(time / 60 % 60), to: &sink)
        sink.append(":")
        appendTwo(Int(time % 60), to: &sink)
        sink.append(" GMT")
    }

    /// Seconds since the epoch, or nil where the text is no date or lies before 1970.
    package static func seconds(_ text: Span<UInt8>) -> UInt64? {
        guard let comma = text.firstIndex(of: UInt8(ascii: ",")) else { return asctime(text) }
        return comma == 3 ? fixed(text) : obsolete(text, comma)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`
    private static func fixed(_ text: Span<UInt8>) -> UInt64? {
        guard text.count == 29, text[4] == blank, text[7] == blank, text[11] == blank, text[16] == blank,
            text.extracting(25..<29).isEqual(to: " GMT"), isDayName(text.extracting(0..<3)),
            let day = number(text, 5..<7), let month = month(text, 8), let year = number(text, 12..<16)
        else { return nil }
        return seconds(year: year, month: month, day: day, time: timeOfDay(text, 17))
    }

    /// `Sunday, 06-Nov-94 08:49:37 GMT`: two digits of a year more than 50 years ahead are the last
    /// century's. No client has a reason to send these but for old stored values, so "ahead" counts from the
    /// year 2026.
    private static func obsolete(_ text: Span<UInt8>, _ comma: Int) -> UInt64? {
        let rest = text.extracting(comma + 1..<text.count)
        guard rest.count == 23, rest[0] == blank, rest[10] == blank,
            rest.extracting(19..<23).isEqual(to: " GMT"),
            isLongDayName(text.extracting(0..<comma)), rest[3] == UInt8(ascii: "-"),
            rest[7] == UInt8(ascii: "-"), let day = number(rest, 1..<3),
            let month = month(rest, 4), let short = number(rest, 8..<10)
        else { return nil }
        return seconds(
            year: short > 76 ? 1900 + short : 2000 + short, month: month, day: day, time: timeOfDay(rest, 11))
    }

    /// `Sun Nov  6 08:49:37 1994`
    private static func asctime(_ text: Span<UInt8>) -> UInt64? {
        guard text.count == 24, text[3] == blank, text[7] == blank, text[10] == blank, text[19] == blank,
            isDayName(text.extracting(0..<3)), let month = month(text, 4),
            let year = number(text, 20..<24)
        else { return nil }
        let dayRange = text[8] == blank ? 9..<10 : 8..<10
        guard let day = number(text, dayRange) else { return nil }
        return seconds(year: year, month: month, day: day, time: timeOfDay(text, 11))
    }

    private static var blank: UInt8 { UInt8(ascii: " ") }

    /// Whether it is the day's right name is not asked: the date says which day it is.
    private static func isDayName(_ text: Span<UInt8>) -> Bool {
        for name in days where text.isEqual(to: name) { return true }
        return false
    }

    private static func isLongDayName(_ text: Span<UInt8>) -> Bool {
        for name in longDays where text.isEqual(to: name) { return true }
        return false
    }

    private static func number(_ text: Span<UInt8>, _ range: Range<Int>) -> Int? {
        text.extracting(range).decimal().map { Int($0) }
    }

    private static func month(_ text: Span<UInt8>, _ start: Int) -> Int? {
        for (index, name) in months.enumerated() where text.extracting(start..<start + 3).isEqual(to: name) {
            return index + 1
        }
        return nil
    }

    private static func timeOfDay(_ text: Span<UInt8>, _ start: Int) -> Int? {
        guard text[start + 2] == UInt8(ascii: ":"), text[start + 5] == UInt8(ascii: ":"),
            let hour = number(text, start..<start + 2), let minute = number(text, start + 3..<start + 5),
            let second = number(text, start + 6..<start + 8), hour < 24, minute < 60, second <= 60
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    private static func seconds(year: Int, month: Int, day: Int, time: Int?) -> UInt64? {
        guard let time, year >= 1970, day >= 1 else { return nil }
        let days = days(fromCivil: year, month, day)
        guard civil(fromDays: days) == (year, month, day) else { return nil }
        return UInt64(days) * secondsPerDay + UInt64(time)
    }

    /// Days since 1970-01-01, in the proleptic Gregorian calendar; years begin in March so that a leap day
    /// comes last.
    private static func days(fromCivil year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func appendTwo(_ value: Int, to sink: inout some OctetSink & ~Copyable) {
        sink.append(UInt8(ascii: "0") + UInt8(value / 10))
        sink.append(UInt8(ascii: "0") + UInt8(value % 10))
    }
}
