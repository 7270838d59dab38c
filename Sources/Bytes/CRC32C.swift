import CProcessor

/// CRC-32C (Castagnoli), RFC 3720 appendix B.4: reflected polynomial 0x82F63B78, start and final XOR
/// 0xFFFFFFFF. "123456789" gives 0xE3069283.
package struct CRC32C: Sendable {
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for octet in 0..<256 {
            var value = UInt32(octet)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
            tables[octet] = value
        }
        for table in 1..<8 {
            for octet in 0..<256 {
                let previous = tables[(table - 1) * 256 + octet]
                tables[table * 256 + octet] = previous >> 8 ^ tables[Int(previous & 0xFF)]
            }
        }
        return tables
    }()

    private var state: UInt32 = 0xFFFF_FFFF

    package init() {}

    /// The checksum of what was taken so far.
    package var value: UInt32 { ~state }

    /// The checksum of `octets` alone.
    package static func checksum(_ octets: Span<UInt8>) -> UInt32 {
        var crc = CRC32C()
        crc.update(octets)
        return crc.value
    }

    /// Takes more octets in.
    package mutating func update(_ octets: Span<UInt8>) {
        state = Self.hasInstruction ? Self.byInstruction(state, octets) : Self.byTables(state, octets)
    }

    /// Whether the processor has an instruction for it.
    static let hasInstruction = shim_hasCRC32C()

    static func byInstruction(_ state: UInt32, _ octets: Span<UInt8>) -> UInt32 {
        // SAFETY: the function reads the span's octets within the call.
        unsafe octets.withUnsafeBufferPointer { unsafe shim_crc32c(state, $0.baseAddress, $0.count) }
    }

    /// Eight look-ups take eight octets a step.
    static func byTables(_ state: UInt32, _ octets: Span<UInt8>) -> UInt32 {
        let tables = Self.tables.span
        var crc = state
        var index = 0
        while octets.count - index >= 8 {
            let low =
                crc
                ^ (UInt32(octets[index]) | UInt32(octets[index + 1]) << 8 | UInt32(octets[index + 2]) << 16
                    | UInt32(octets[index + 3]) << 24)
            let head =
                tables[0x700 + Int(low & 0xFF)] ^ tables[0x600 + Int(low >> 8 & 0xFF)]
                ^ tables[0x500 + Int(low >> 16 & 0xFF)] ^ tables[0x400 + Int(low >> 24)]
            let tail =
                tables[0x300 + Int(octets[index + 4])] ^ tables[0x200 + Int(octets[index + 5])]
                ^ tables[0x100 + Int(octets[index + 6])] ^ tables[Int(octets[index + 7])]
            crc = head ^ tail
            index += 8
        }
        while index < octets.count {
            crc = crc >> 8 ^ tables[Int((crc ^ UInt32(octets[index])) & 0xFF)]
            index += 1
        }
        return crc
    }
}
