import Bytes

/// One `name=value` of a query.
package struct QueryParameter: Sendable, Equatable {
    /// Percent-decoded.
    package let name: [UInt8]
    /// Percent-decoded; nil where an escape is broken.
    package let value: [UInt8]?

    /// Whether it is named by an ASCII literal.
    package func isNamed(_ literal: StaticString) -> Bool { name.span.isEqual(to: literal) }
}

/// A query's parameters one after the other, `+` read as a space (the URL standard, section 5.1).
package struct QueryParameters: ~Escapable {
    private let query: Span<UInt8>
    private var index = 0

    /// Reads what stands behind a target's `?`.
    @_lifetime(copy query)
    package init(_ query: Span<UInt8>) {
        self.query = query
    }

    /// The next parameter; nil at the end. A parameter whose name has a broken escape is passed over.
    package mutating func next() -> QueryParameter? {
        while index < query.count {
            let end = query.firstIndex(of: UInt8(ascii: "&"), from: index) ?? query.count
            let pair = query.extracting(index..<end)
            index = end + 1
            if pair.isEmpty { continue }
            let equals = pair.firstIndex(of: UInt8(ascii: "="))
            guard let name = Self.decoded(pair.extracting(0..<(equals ?? pair.count))) else { continue }
            let value = equals.map { pair.extracting($0 + 1..<pair.count).copied() } ?? []
            return QueryParameter(name: name, value: Self.decoded(value.span))
        }
        return nil
    }

    private static func decoded(_ text: Span<UInt8>) -> [UInt8]? {
        var octets: [UInt8] = []
        octets.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            guard let octet = Target.decodedOctet(text, &index) else { return nil }
            octets.append(octet == UInt8(ascii: "+") && text[index - 1] == octet ? UInt8(ascii: " ") : octet)
        }
        return octets
    }
}
