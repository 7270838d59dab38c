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

    private struct Stop: Error {
        let reason: StaticString

        init(_ reason: StaticString) { self.reason = reason }

        static var endInString: Stop { Stop("The text ends inside a string.") }
        static var notUTF8: Stop { Stop("The text is not UTF-8.") }
    }

    private let octets: Span<UInt8>
    private var index = 0
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
    private mutating func string() throws(Stop) {
        var end = index &+ 1
        while true {
            // Octets that mean nothing but themselves go by eight at a time.
            while end <= octets.count &- 8 {
                let word = OctetWord(octets, at: end)
                let marks =
                    word.marks(of: UInt8(ascii: "\"")) | word.marks(of: UInt8(ascii: "\\")) | word.marks(below: 0x20)
                    | word.marksOfNonASCII
                end &+= OctetWord.count(before: marks)
                if marks != 0 { break }
            }
            index = end
            guard end < octets.count else { throw .endInString }
            let octet = octets[end]
            if octet == UInt8(ascii: "\"") {
                index = end &+ 1
                return
            }
            try stringPiece(octet)
            end = index
        }
    }

    /// Takes an escape, or characters of several octets, or the one octet that stands at a text's very end.
    private mutating func stringPiece(_ octet: UInt8) throws(Stop) {
        if octet >= 0x80 {
            // Such characters come in rows.
            while index < octets.count && octets[index] >= 0x80 { try multibyte() }
        } else if octet == UInt8(ascii: "\\") {
            try escape()
        } else if octet < 0x20 {
            throw Stop("A control character in a string must be escaped.")
        } else {
            index &+= 1
        }
    }

    private mutating func escape() throws(Stop) {
        guard octets.count - index >= 2 else { throw .endInString }
        switch octets[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            index += 2
        case UInt8(ascii: "u"):
            guard octets.count - index >= 6 else { throw .endInString }
            for offset in 2..<6 where Hex.value(octets[index + offset]) == nil {
                throw Stop("\\u must be followed by four hexadecimal digits.")
            }
            index += 6
        default: throw Stop("There is no such escape.")
        }
    }

    /// One character of two to four octets (RFC 3629 section 4).
    private mutating func multibyte() throws(Stop) {
        let first = octets[index]
        let (count, second): (Int, ClosedRange<UInt8>) =
            switch first {
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xE1...0xEF: (3, 0x80...0xBF)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            default: throw .notUTF8
            }
        guard octets.count - index >= count, second.contains(octets[index + 1]) else {
            throw .notUTF8
        }
        for offset in 2..<max(2, count) where octets[index + offset] & 0xC0 != 0x80 {
            throw .notUTF8
        }
        index += count
    }

    /// RFC 8259 section 6.
    private mutating func number() throws(Stop) {
        var end = index
        if octets[end] == UInt8(ascii: "-") { end &+= 1 }
        // A zero that leads stands alone.
        if end < octets.count && octets[end] == UInt8(ascii: "0") {
            end &+= 1
        } else {
            try skipDigits(&end)
        }
        if end < octets.count && octets[end] == UInt8(ascii: ".") {
            end &+= 1
            try skipDigits(&end)
        }
        if end < octets.count && octets[end] | 0x20 == UInt8(ascii: "e") {
            end &+= 1
            if end < octets.count && (octets[end] == UInt8(ascii: "+") || octets[end] == UInt8(ascii: "-")) {
                end &+= 1
            }
            try skipDigits(&end)
        }
        index = end
    }

    @inline(__always)
    private mutating func skipDigits(_ end: inout Int) throws(Stop) {
        let start = end
        while end < octets.count && octets[end] &- UInt8(ascii: "0") < 10 { end &+= 1 }
        if end == start {
            index = end
            throw Stop("A number lacks digits.")
        }
    }

    private mutating func literal(_ text: StaticString) throws(Stop) {
        let count = text.utf8CodeUnitCount
        guard octets.count - index >= count, octets.extracting(index..<index + count).isEqual(to: text) else {
            throw Stop("A value must begin here.")
        }
        index += count
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
