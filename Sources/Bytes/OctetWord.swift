/// Eight octets looked at in one step: a search or a comparison goes through text several times as fast as
/// octet by octet.
///
/// A mark is the high bit of an octet. The subtractions below can borrow into later octets and mark those
/// falsely, but only behind a true mark: the first mark is always right, and no mark at all is too.
@usableFromInline
package struct OctetWord {
    /// The first octet lowest.
    @usableFromInline let value: UInt64

    @usableFromInline static var lows: UInt64 { 0x0101_0101_0101_0101 }
    @usableFromInline static var highs: UInt64 { 0x8080_8080_8080_8080 }

    @inlinable
    init(_ value: UInt64) { self.value = value }

    /// The octets from `offset` on; all eight must lie inside.
    @inlinable
    package init(_ octets: Span<UInt8>, at offset: Int) {
        precondition(offset >= 0 && offset <= octets.count &- 8, "word past the end of the octets")
        // SAFETY: the precondition holds the load inside the octets, and an integer is valid for any of them.
        value = unsafe UInt64(
            littleEndian: octets.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    }

    /// The first four and the last four of 4 to 7 octets, which says as much as all of them.
    @inlinable
    init(endsOf octets: Span<UInt8>) {
        precondition(octets.count >= 4, "less than four octets")
        // SAFETY: the precondition holds both loads inside the octets, and an integer is valid for any of
        // them.
        let first = unsafe octets.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: 0, as: UInt32.self)
        let last = unsafe octets.bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: octets.count &- 4, as: UInt32.self)
        value = UInt64(UInt32(littleEndian: first)) | UInt64(UInt32(littleEndian: last)) << 32
    }

    /// Marks octets that are `octet`.
    @inlinable
    package func marks(of octet: UInt8) -> UInt64 {
        let difference = value ^ Self.lows &* UInt64(octet)
        return (difference &- Self.lows) & ~difference & Self.highs
    }

    /// Marks octets below `limit`, which is 128 at the most.
    @inlinable
    package func marks(below limit: UInt8) -> UInt64 {
        (value &- Self.lows &* UInt64(limit)) & ~value & Self.highs
    }

    /// Marks octets that are not ASCII, none falsely.
    @inlinable
    package var marksOfNonASCII: UInt64 { value & Self.highs }

    /// How many octets stand before the first mark; 8 where there is none.
    @inlinable
    package static func count(before marks: UInt64) -> Int { marks.trailingZeroBitCount >> 3 }

    /// The octets with A to Z taken for a to z.
    @inlinable
    var lowercasedASCII: UInt64 {
        let sevenBits = value & ~Self.highs
        let fromA = sevenBits &+ Self.lows &* UInt64(0x80 - UInt8(ascii: "A"))
        let behindZ = sevenBits &+ Self.lows &* UInt64(0x7F - UInt8(ascii: "Z"))
        return value | (fromA & ~behindZ & ~value & Self.highs) >> 2
    }
}
