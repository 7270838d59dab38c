import Bytes
import HTTP

/// A reading that is being put together: a JSON object whose members are numbers, with their units in their
/// names.
struct Reading {
    private var octets: [UInt8] = []

    var isEmpty: Bool { octets.isEmpty }

    /// The object's text.
    var json: [UInt8] { octets.isEmpty ? Array("{}".utf8) : octets + [UInt8(ascii: "}")] }

    /// Adds a whole number.
    mutating func add(_ name: String, _ value: UInt64) {
        appendName(name)
        octets.append(decimal: value)
    }

    /// Adds a number given in hundredths: 1234 is written 12.34.
    mutating func add(_ name: String, hundredths: UInt64) {
        appendName(name)
        octets.append(decimal: hundredths / 100)
        let fraction = hundredths % 100
        if fraction == 0 { return }
        octets.append(UInt8(ascii: "."))
        octets.append(UInt8(ascii: "0") + UInt8(fraction / 10))
        if fraction % 10 != 0 { octets.append(UInt8(ascii: "0") + UInt8(fraction % 10)) }
    }

    /// Adds a share as a percentage, no more than 100.
    mutating func add(_ name: String, percentOf part: UInt64, _ whole: UInt64) {
        add(name, hundredths: whole == 0 ? 0 : min(part, whole) * 10_000 / whole)
    }

    private mutating func appendName(_ name: String) {
        octets.append(octets.isEmpty ? "{" : ",")
        JSONWriter.append(name, to: &octets)
        octets.append(":")
    }
}
