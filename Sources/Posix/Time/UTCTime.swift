package import Bytes
import Glibc

/// A moment as date and time of day in UTC (gmtime_r(3)).
package struct UTCTime: Sendable {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to 31.
    package let day: Int
    package let hour: Int
    package let minute: Int
    package let second: Int
    private let millisecond: UInt64

    /// - Parameter milliseconds: since the UNIX epoch; up to the year 9999 of the format below.
    package init(milliseconds: UInt64) {
        var seconds = time_t(milliseconds / 1000)
        // SAFETY: gmtime_r reads the one and fills the other, both values of this function; tm's zone is not
        // used.
        var parts = unsafe tm()
        _ = unsafe gmtime_r(&seconds, &parts)
        year = unsafe Int(parts.tm_year) + 1900
        month = unsafe Int(parts.tm_mon) + 1
        day = unsafe Int(parts.tm_mday)
        hour = unsafe Int(parts.tm_hour)
        minute = unsafe Int(parts.tm_min)
        second = unsafe Int(parts.tm_sec)
        millisecond = milliseconds % 1000
    }

    /// Appends RFC 3339's form with milliseconds: `2026-11-23T10:36:56.042Z`.
    package func append(to sink: inout some OctetSink & ~Copyable) {
        appendPadded(year, digits: 4, to: &sink)
        sink.append(UInt8(ascii: "-"))
        appendPadded(month, digits: 2, to: &sink)
        sink.append(UInt8(ascii: "-"))
        appendPadded(day, digits: 2, to: &sink)
        sink.append(UInt8(ascii: "T"))
        appendPadded(hour, digits: 2, to: &sink)
        sink.append(UInt8(ascii: ":"))
        appendPadded(minute, digits: 2, to: &sink)
        sink.append(UInt8(ascii: ":"))
        appendPadded(second, digits: 2, to: &sink)
        sink.append(UInt8(ascii: "."))
        appendPadded(Int(millisecond), digits: 3, to: &sink)
        sink.append(UInt8(ascii: "Z"))
    }

    /// Appends the form of web servers' Common Log Format: `23/Nov/2026:10:36:56 +0000`.
    package func appendCommonLogForm(to sink: inout some OctetSink & ~Copyable) {
        appendPadded(day, digits: 2, to: &sink)
        sink.append(Self.monthNames[month - 1])
        appendPadded(year, digits: 4, to: &sink)
        sink.append(UInt8(ascii: ":"))
        appendPadded(hour, digits: 2, to: &sink)
        sink.append(UInt8(ascii: ":"))
        appendPadded(minute, digits: 2, to: &sink)
        sink.append(UInt8(ascii: ":"))
        appendPadded(second, digits: 2, to: &sink)
        sink.append(" +0000")
    }

    private static let monthNames: [StaticString] = [
        "/Jan/", "/Feb/", "/Mar/", "/Apr/", "/May/", "/Jun/", "/Jul/", "/Aug/", "/Sep/", "/Oct/", "/Nov/",
        "/Dec/",
    ]

    private func appendPadded(_ value: Int, digits: Int, to sink: inout some OctetSink & ~Copyable) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            sink.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}
