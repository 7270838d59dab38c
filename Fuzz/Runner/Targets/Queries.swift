// A query is what stands between its ampersands and equals signs, and what was escaped comes out again.
import Bytes
import HTTP

/// The target `queries`.
func fuzzQuery(_ query: Span<UInt8>) {
    var found: [QueryParameter] = []
    var parameters = QueryParameters(query)
    while let parameter = parameters.next() { found.append(parameter) }

    var expected: [(name: [UInt8], value: [UInt8]?)] = []
    for pair in query.copied().split(separator: UInt8(ascii: "&")) {
        let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = unescaped(parts[0]) else { continue }
        expected.append((name, parts.count == 1 ? [] : unescaped(parts[1])))
    }
    require(found.count == expected.count, "a query has the parameters that it has")
    for (parameter, other) in zip(found, expected) {
        require(parameter.name == other.name && parameter.value == other.value, "a parameter is what it says")
    }

    var segment: [UInt8] = []
    if Target.decode(query, into: &segment) {
        require(segment.count <= query.count, "nothing grows where it is decoded")
    }
    var escaped: [UInt8] = []
    Target.appendEncoded(query, to: &escaped)
    for octet in escaped { require((0x21...0x7E).contains(octet), "escapes are visible ASCII") }
    var again: [UInt8] = []
    require(Target.decode(escaped.span, into: &again), "what was escaped can be decoded")
    require(again.span.isEqual(to: query), "what was escaped comes out again")
}

/// The octets that `text` stands for; nil where an escape is broken.
private func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var octets: [UInt8] = []
    var rest = text
    while let octet = rest.popFirst() {
        switch octet {
        case UInt8(ascii: "+"): octets.append(UInt8(ascii: " "))
        case UInt8(ascii: "%"):
            guard let high = rest.popFirst().flatMap(Hex.value), let low = rest.popFirst().flatMap(Hex.value)
            else { return nil }
            octets.append(high << 4 | low)
        default: octets.append(octet)
        }
    }
    return octets
}
