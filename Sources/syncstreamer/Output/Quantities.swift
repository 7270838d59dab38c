import Bytes
import Posix

/// Numbers in words that people read.
enum Quantities {
    /// `17 octets`, `1 item`.
    static func count(_ count: UInt64, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// A number of octets to three digits or so: `812 B`, `1.5 MiB`, `12 GiB`.
    static func size(_ byteCount: UInt64) -> String {
        var unit = 0
        var tenths = byteCount
        while tenths >= 1024 * (unit == 0 ? 1 : 10) && unit < names.count - 1 {
            tenths = unit == 0 ? tenths * 10 / 1024 : tenths / 1024
            unit += 1
        }
        if unit == 0 { return "\(tenths) B" }
        let fraction = tenths < 100 ? ".\(tenths % 10)" : ""
        return "\(tenths / 10)\(fraction) \(names[unit])"
    }

    private static let names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]

    /// A moment in UTC, or its number where a date can't be written in four digits of a year.
    static func moment(_ milliseconds: UInt64) -> String {
        date(milliseconds) ?? "\(milliseconds) ms"
    }

    /// A moment in UTC as RFC 3339 has it, or nil where a year has more than four digits.
    static func date(_ milliseconds: UInt64) -> String? {
        if milliseconds >= yearTenThousand { return nil }
        var octets: [UInt8] = []
        UTCTime(milliseconds: milliseconds).append(to: &octets)
        return String(decoding: octets, as: UTF8.self)
    }

    /// 10000-01-01T00:00:00Z, in milliseconds since the UNIX epoch.
    private static let yearTenThousand: UInt64 = 253_402_300_800_000
}
