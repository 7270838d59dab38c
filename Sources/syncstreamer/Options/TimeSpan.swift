import ArgumentParser
import Bytes

/// A duration as options take it: `500ms`, `10s`, `5m`, `1h`, `7d`.
struct TimeSpan: OptionValue, Equatable {
    static let form = "a duration such as 500ms, 10s or 1h"

    let milliseconds: UInt64

    init(milliseconds: UInt64) {
        self.milliseconds = milliseconds
    }

    init?(argument: String) {
        let units: [(name: String, milliseconds: UInt64)] = [
            ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
        ]
        let digits = argument.utf8.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        let name = argument.utf8[digits.endIndex...]
        guard let value = Array(digits).span.decimal(),
            let unit = units.first(where: { $0.name.utf8.elementsEqual(name) })
        else { return nil }
        let (milliseconds, overflow) = value.multipliedReportingOverflow(by: unit.milliseconds)
        if overflow { return nil }
        self.milliseconds = milliseconds
    }

    /// The duration in the largest unit that gives a whole number.
    var defaultValueDescription: String {
        switch milliseconds {
        case let value where value > 0 && value % 3_600_000 == 0: "\(value / 3_600_000)h"
        case let value where value > 0 && value % 60_000 == 0: "\(value / 60_000)m"
        case let value where value % 1000 == 0: "\(value / 1000)s"
        case let value: "\(value)ms"
        }
    }
}
