import Bytes

/// What is wrong with a text that should be JSON, and where.
package struct JSONFault: Sendable, Equatable {
    /// Octets from the text's beginning.
    package let offset: Int
    package let reason: StaticText
}

/// Checks that octets are one JSON text (RFC 8259): UTF-8 without a byte order mark, nested no deeper than
/// `nestingMax`. Builds nothing.
package struct JSONValidator: ~Escapable {
    /// Readers that recurse over what they are given must survive every item; real data is flatter by far.
    package static let nestingMax = 128

    /// The fault of `octets`, or nil where they are JSON.
    package static func fault(in octets: Span<UInt8>) -> JSONFault? {
        var validator = JSONValidator(octets)
        do throws(Stop) {
            try validator.validate()
            return nil
        } catch {
            return JSONFault(offset: validator.index, reason: StaticText(error.reason))
        }
    }

    /// What ends a validation; where, its index says.
    struct Stop: Error {
        let reason: StaticString

        init(_ reason: StaticString) { self.reason = reason }

        static var endInString: Stop { Stop("The text ends inside a string.") }
        static var notUTF8: Stop { Stop("The text is not UTF-8.") }
    }

    let octets: Span<UInt8>
    /// Octets taken; at a fault, where it is.
    var index = 0
    /// A bit for each open bracket, the innermost lowest: 1 for an object.
    private var objects: (UInt64, UInt64) = (0, 0)
    private var depth = 0

    @_lifetime(copy octets)
    private init(_ octets: Span<UInt8>) {
        self.octets = octets
    }

    private mutating func validate() throws(Stop) {
        try value()
        while depth > 0 {
            skipBlanks()
            let isObject = objects.0 & 1 == 1
            switch try octet("The text ends inside an object or an array.") {
            case UInt8(ascii: ","):
                index += 1
                skipBlanks()
                if isObject { try member() }
                try value()
            case UInt8(ascii: "}") where isObject, UInt8(ascii: "]") where !isObject:
                index += 1
                close()
            default: throw Stop(isObject ? "A comma or } must follow." : "A comma or ] must follow.")
            }
        }
        skipBlanks()
        if index < octets.count { throw Stop("Something follows the value.") }
    }

    /// Takes a value; of an object or an array that is not empty, all up to the end of its first plain value.
    private mutating func value() throws(Stop) {
        while true {
            skipBlanks()
            switch try octet("A value is missing.") {
            case UInt8(ascii: "\""): return try string()
            case UInt8(ascii: "{"):
                try open(isObject: true)
                skipBlanks()
                if index < octets.count && octets[index] == UInt8(ascii: "}") {
                    index += 1
                    return close()
                }
                try member()
            case UInt8(ascii: "["):
                try open(isObject: false)
                skipBlanks()
                if index < octets.count && octets[index] == UInt8(ascii: "]") {
                    index += 1
                    return close()
                }
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
            case UInt8(ascii: "t"): return try literal("true")
            case UInt8(ascii: "f"): return try literal("false")
            case UInt8(ascii: "n"): return try literal("null")
            default: throw Stop("A value must begin here.")
            }
        }
    }

    /// Takes a member's name and its colon.
    private mutating func member() throws(Stop) {
        guard try octet("A member's name is missing.") == UInt8(ascii: "\"") else {
            throw Stop("A member's name must be a string.")
        }
        try string()
        skipBlanks()
        guard try octet("A member's value is missing.") == UInt8(ascii: ":") else {
            throw Stop("A colon must follow a member's name.")
        }
        index += 1
    }

    private mutating func open(isObject: Bool) throws(Stop) {
        if depth == Self.nestingMax { throw Stop("Values are nested deeper than 128.") }
        depth += 1
        objects.1 = objects.1 << 1 | objects.0 >> 63
        objects.0 = objects.0 << 1 | (isObject ? 1 : 0)
        index += 1
    }

    private mutating func close() {
        depth -= 1
        objects.0 = objects.0 >> 1 | objects.1 << 63
        objects.1 >>= 1
    }

    @inline(__always)
    private mutating func skipBlanks() {
        // Compact texts have none.
        if index < octets.count && octets[index] <= 0x20 { skipSomeBlanks() }
    }

    private mutating func skipSomeBlanks() {
        var end = index
        while end < octets.count {
            switch octets[end] {
            case 0x20, 0x09, 0x0A, 0x0D: end &+= 1
            default:
                index = end
                return
            }
        }
        index = end
    }

    private func octet(_ missing: StaticString) throws(Stop) -> UInt8 {
        if index == octets.count { throw Stop(missing) }
        return octets[index]
    }
}
