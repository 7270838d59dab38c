import CZlib

/// CRC-32 of octets that come piece by piece: the polynomial of Ethernet and zip, as MCAP files have it.
package struct CRC32: Sendable {
    /// The checksum of all octets so far; 0 of none.
    package private(set) var value: UInt32 = 0

    /// Begins with no octets.
    package init() {}

    /// Takes the next octets.
    package mutating func update(_ octets: Span<UInt8>) {
        // Without a start, zlib gives the initial value (zlib.h, crc32).
        if octets.isEmpty { return }
        // SAFETY: zlib reads the octets that the closure lends, and no more than there are.
        value = unsafe octets.withUnsafeBufferPointer {
            unsafe UInt32(truncatingIfNeeded: crc32_z(uLong(value), $0.baseAddress, $0.count))
        }
    }
}
