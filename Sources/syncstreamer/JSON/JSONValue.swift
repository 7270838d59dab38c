import Bytes
import HTTP

/// A JSON value, for the short texts a server answers with. Numbers keep their digits.
indirect enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// A member of an object.
    struct Member: Equatable, Sendable {
        let name: String
        let value: JSONValue
    }

    /// Reads a JSON text; nil for anything else. Nesting is bounded by what the validator takes.
    init?(_ octets: Span<UInt8>) {
        if JSONValidator.fault(in: octets) != nil { return nil }
        var reader = JSONReader(octets)
        self = reader.value()
    }

    /// The value of an object's first member of that name.
    subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The value of a member of that name, or of a member of a member: `position.x`.
    func member(at path: String) -> JSONValue? {
        if let value = self[path] { return value }
        guard let dot = path.firstIndex(of: ".") else { return nil }
        return self[String(path[..<dot])]?.member(at: String(path[path.index(after: dot)...]))
    }

    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var elements: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The value of a number without sign, fraction and exponent.
    var natural: UInt64? {
        if case .number(let digits) = self { Array(digits.utf8).span.decimal() } else { nil }
    }

    /// Appends the value as JSON without blanks.
    func append(to octets: inout [UInt8]) {
        switch self {
        case .null: octets.append("null")
        case .bool(let value): octets.append(utf8: "\(value)")
        case .number(let digits): octets.append(utf8: digits)
        case .string(let text): JSONWriter.append(text, to: &octets)
        case .array(let elements):
            octets.append("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { octets.append(",") }
                element.append(to: &octets)
            }
            octets.append("]")
        case .object(let members):
            octets.append("{")
            for (index, member) in members.enumerated() {
                if index > 0 { octets.append(",") }
                JSONWriter.append(member.name, to: &octets)
                octets.append(":")
                member.value.append(to: &octets)
            }
            octets.append("}")
        }
    }
}

/// Reads octets that are known to be JSON, so that nothing has to be checked.
private struct JSONReader: ~Escapable {
    private let octets: Span<UInt8>
    private var index = 0

    @_lifetime(copy octets)
    init(_ octets: Span<UInt8>) {
        self.octets = octets
    }

    mutating func value() -> JSONValue {
        skipBlanks()
        switch octets[index] {
        case UInt8(ascii: "\""): return .string(string())
        case UInt8(ascii: "{"):
            return .object(
                list(until: "}") { reader in
                    let name = reader.string()
                    reader.skipBlanks()
                    reader.index += 1  // The colon.
                    return JSONValue.Member(name: name, value: reader.value())
                })
        case UInt8(ascii: "["): return .array(list(until: "]") { reader in reader.value() })
        case UInt8(ascii: "t"): return literal(4, .bool(true))
        case UInt8(ascii: "f"): return literal(5, .bool(false))
        case UInt8(ascii: "n"): return literal(4, .null)
        default: return .number(number())
        }
    }

    private mutating func list<Element>(
        until end: Unicode.Scalar, _ element: (inout JSONReader) -> Element
    ) -> [Element] {
        var elements: [Element] = []
        index += 1
        while true {
            skipBlanks()
            if octets[index] == UInt8(ascii: end) {
                index += 1
                return elements
            }
            if octets[index] == UInt8(ascii: ",") {
                index += 1
                skipBlanks()
            }
            elements.append(element(&self))
        }
    }

    private mutating func literal(_ count: Int, _ value: JSONValue) -> JSONValue {
        index += count
        return value
    }

    private mutating func number() -> String {
        let start = index
        while index < octets.count {
            switch octets[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
                UInt8(ascii: "."),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                index += 1
            default: return String(decoding: octets.extracting(start..<index).copied(), as: UTF8.self)
            }
        }
        return String(decoding: octets.extracting(start..<index).copied(), as: UTF8.self)
    }

    private mutating func string() -> String {
        // UTF-16, since escapes of characters beyond the first 65,536 come in pairs (RFC 8259 section 7).
        var units: [UInt16] = []
        index += 1
        var start = index
        while octets[index] != UInt8(ascii: "\"") {
            if octets[index] != UInt8(ascii: "\\") {
                index += 1
                continue
            }
            units.append(
                contentsOf: String(decoding: octets.extracting(start..<index).copied(), as: UTF8.self).utf16)
            units.append(escape())
            start = index
        }
        units.append(
            contentsOf: String(decoding: octets.extracting(start..<index).copied(), as: UTF8.self).utf16)
        index += 1
        return String(decoding: units, as: UTF16.self)
    }

    private mutating func escape() -> UInt16 {
        index += 2
        switch octets[index - 1] {
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"):
            var unit: UInt16 = 0
            for position in index..<index + 4 { unit = unit << 4 | UInt16(Hex.value(octets[position]) ?? 0) }
            index += 4
            return unit
        case let octet: return UInt16(octet)
        }
    }

    private mutating func skipBlanks() {
        while index < octets.count, [0x20, 0x09, 0x0A, 0x0D].contains(octets[index]) { index += 1 }
    }
}
