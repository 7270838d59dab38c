import ArgumentParser
import Bytes

/// A number of octets as options take it: `512`, `64KiB`, `16MiB`, `2GiB`, `1TiB`.
struct ByteSize: OptionValue, Equatable {
    static let form = "a size such as 64KiB, 16MiB or 2GiB"

    let byteCount: UInt64

    init(byteCount: UInt64) {
        self.byteCount = byteCount
    }

    init?(argument: String) {
        let units: [(name: String, byteCount: UInt64)] = [
            ("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
        ]
        let digits = argument.utf8.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        let name = argument.utf8[digits.endIndex...]
        guard let value = Array(digits).span.decimal(),
            let unit = units.first(where: { $0.name.utf8.elementsEqual(name) })
        else { return nil }
        let (byteCount, overflow) = value.multipliedReportingOverflow(by: unit.byteCount)
        if overflow { return nil }
        self.byteCount = byteCount
    }

    /// The size in the largest unit that gives a whole number.
    var defaultValueDescription: String {
        for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")]
        where byteCount > 0 && byteCount % (1 << shift) == 0 {
            return "\(byteCount >> shift)\(unit)"
        }
        return "\(byteCount)B"
    }
}
