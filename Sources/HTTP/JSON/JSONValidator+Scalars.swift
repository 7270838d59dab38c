import Bytes

// Strings, numbers and the three literals.
extension JSONValidator {
    /// RFC 8259 section 7.
    @inline(__always)
    mutating func string() throws(Stop) {
        var end = index &+ 1
        while true {
            // Octets that mean nothing but themselves go by eight at a time.
            while end <= octets.count &- 8 {
                let word = OctetWord(octets, at: end)
                let marks =
                    word.marks(of: UInt8(ascii: "\"")) | word.marks(of: UInt8(ascii: "\\"))
                    | word.marks(below: 0x20) | word.marksOfNonASCII
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
    mutating func number() throws(Stop) {
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

    /// RFC 8259 section 3.
    mutating func literal(_ text: StaticString) throws(Stop) {
        let count = text.utf8CodeUnitCount
        guard octets.count - index >= count, octets.extracting(index..<index + count).isEqual(to: text) else {
            throw Stop("A value must begin here.")
        }
        index += count
    }
}
