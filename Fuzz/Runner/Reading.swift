import Bytes

/// Takes numbers off an input from its beginning: 0 where nothing is left.
struct Reading: ~Escapable {
    private(set) var rest: Span<UInt8>

    @_lifetime(copy input)
    init(_ input: Span<UInt8>) {
        rest = input
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// The next octet.
    mutating func octet() -> Int {
        if rest.isEmpty { return 0 }
        let octet = rest[0]
        rest = rest.extracting(droppingFirst: 1)
        return Int(octet)
    }

    /// The next two octets.
    mutating func short() -> Int { octet() << 8 | octet() }

    /// A time, in milliseconds: small numbers of seconds and any number that there is can be had.
    mutating func time() -> UInt64 {
        let first = octet()
        if first < 0xF0 { return UInt64(first) * 1000 }
        var number: UInt64 = 0
        for _ in 0..<8 { number = number << 8 | UInt64(octet()) }
        return number
    }

    /// As many of the next octets as there are, up to `count`.
    mutating func octets(_ count: Int) -> [UInt8] {
        let piece = rest.extracting(first: count).copied()
        rest = rest.extracting(droppingFirst: piece.count)
        return piece
    }
}
