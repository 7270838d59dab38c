/// A part of an array that stands next to others in one write: `File.write(_:at:)` gathers them.
package struct OctetPiece: Sendable {
    package let octets: [UInt8]
    package let range: Range<Int>

    /// `range` must lie inside `octets`.
    package init(_ octets: [UInt8], _ range: Range<Int>) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= octets.count, "a piece past the end of its octets")
        self.octets = octets
        self.range = range
    }

    /// All of `octets`.
    package init(_ octets: [UInt8]) { self.init(octets, 0..<octets.count) }
}
