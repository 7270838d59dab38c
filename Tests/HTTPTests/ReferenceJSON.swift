// A second reading of RFC 8259 to hold the validator against: slow, recursive, and close to the grammar's
// text.

struct ReferenceJSON {
    private let octets: [UInt8]
    private var index = 0

    static func accepts(_ octets: [UInt8]) -> Bool {
        guard String(validating: octets, as: UTF8.self) != nil else { return false }
        var reading = ReferenceJSON(octets: octets)
        return reading.element(depth: 0) && reading.index == octets.count
    }

    private init(octets: [UInt8]) { self.octets = octets }

    private mutating func take(_ text: String) -> Bool {
        guard octets[index...].starts(with: text.utf8) else { return false }
        index += text.utf8.count
        return true
    }

    private mutating func takeOne(of characters: String) -> Bool {
        guard index < octets.count, characters.utf8.contains(octets[index]) else { return false }
        index += 1
        return true
    }

    private mutating func blanks() {
        while takeOne(of: " \t\r") || takeOne(of: "\n") {}
    }

    private mutating func element(depth: Int) -> Bool {
        blanks()
        guard value(depth: depth) else { return false }
        blanks()
        return true
    }

    private mutating func value(depth: Int) -> Bool {
        if take("true") || take("false") || take("null") { return true }
        if take("\"") { return string() }
        if take("{") { return depth < 128 && object(depth: depth + 1) }
        if take("[") { return depth < 128 && array(depth: depth + 1) }
        return number()
    }

    private mutating func object(depth: Int) -> Bool {
        blanks()
        if take("}") { return true }
        repeat {
            blanks()
            guard take("\""), string() else { return false }
            blanks()
            guard take(":"), element(depth: depth) else { return false }
        } while take(",")
        return take("}")
    }

    private mutating func array(depth: Int) -> Bool {
        blanks()
        if take("]") { return true }
        repeat {
            guard element(depth: depth) else { return false }
        } while take(",")
        return take("]")
    }

    private mutating func string() -> Bool {
        while index < octets.count {
            if take("\"") { return true }
            if take("\\") {
                if takeOne(of: "\"\\/bfnrt") { continue }
                guard take("u") else { return false }
                for _ in 0..<4 {
                    guard takeOne(of: "0123456789abcdefABCDEF") else { return false }
                }
            } else {
                if octets[index] < 0x20 { return false }
                index += 1
            }
        }
        return false
    }

    private mutating func number() -> Bool {
        _ = take("-")
        if !take("0") {
            guard takeOne(of: "123456789") else { return false }
            while takeOne(of: "0123456789") {}
        }
        if take(".") {
            guard takeOne(of: "0123456789") else { return false }
            while takeOne(of: "0123456789") {}
        }
        if takeOne(of: "eE") {
            _ = takeOne(of: "+-")
            guard takeOne(of: "0123456789") else { return false }
            while takeOne(of: "0123456789") {}
        }
        return true
    }
}
