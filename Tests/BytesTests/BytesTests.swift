// Shows that the octet tools agree with their published definitions: check values from the RFCs, and every
// edge of the buffer's bookkeeping.
import Testing

@testable import Bytes

@Suite struct CRC32CTests {
    /// By the processor's instruction, where it has one, and by tables as well.
    @Test func bothWaysGiveTheSame() {
        let octets = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ 7) }
        for start in 0..<9 {
            for end in start..<200 {
                let part = octets.span.extracting(start..<end)
                let expected = CRC32C.byTables(0x1234_5678, part)
                if CRC32C.hasInstruction { #expect(CRC32C.byInstruction(0x1234_5678, part) == expected) }
            }
        }
        #expect(~CRC32C.byTables(.max, Array("123456789".utf8).span) == 0xE306_9283)
    }

    @Test func checkValue() {
        #expect(CRC32C.checksum(Array("123456789".utf8).span) == 0xE306_9283)
    }

    /// RFC 3720 appendix B.4.
    @Test func publishedVectors() {
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32).span) == 0x8A91_36AA)
        #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32).span) == 0x62A8_AB43)
        #expect(CRC32C.checksum([UInt8](0..<32).span) == 0x46DD_794E)
    }

    @Test func anySplitGivesTheSame() {
        let octets = [UInt8]((0..<100).map { UInt8($0) })
        let whole = CRC32C.checksum(octets.span)
        for split in 0...100 {
            var crc = CRC32C()
            crc.update(octets.span.extracting(0..<split))
            crc.update(octets.span.extracting(split..<100))
            #expect(crc.value == whole)
        }
    }
}

@Suite struct BufferTests {
    @Test func keepsOrderThroughGrowthAndConsumption() {
        var buffer = Buffer()
        var expected: [UInt8] = []
        for round in 0..<1000 {
            let piece = [UInt8](repeating: UInt8(round % 251), count: round % 97)
            buffer.append(copying: piece.span)
            expected += piece
            let drop = min(expected.count, round % 89)
            buffer.consume(drop)
            expected.removeFirst(drop)
            #expect(buffer.octets.copied() == expected)
        }
    }

    @Test func releaseGivesMemoryBack() {
        var buffer = Buffer(capacity: 4096)
        buffer.append("abc")
        buffer.release()
        let capacity = buffer.capacity
        #expect(capacity == 0)
        buffer.append("d")
        #expect(buffer.octets.copied() == Array("d".utf8))
    }

    @Test func withFreeCountsWhatWasAppended() {
        var buffer = Buffer()
        buffer.append("x")
        buffer.withFree(minimum: 10) { output in
            output.append(1)
            output.append(2)
        }
        #expect(buffer.octets.copied() == [0x78, 1, 2])
    }
}

@Suite struct NumberTests {
    @Test(arguments: [0, 9, 10, 99, 100, 1_732_310_400_000, UInt64.max])
    func decimalRoundTrip(value: UInt64) {
        var digits: [UInt8] = []
        digits.append(decimal: value)
        #expect(String(decoding: digits, as: UTF8.self) == String(value))
        #expect(digits.span.decimal() == value)
    }

    @Test(arguments: [
        "", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616", "99999999999999999999", "1.0",
    ])
    func notDecimal(text: String) {
        #expect(Array(text.utf8).span.decimal() == nil)
    }

    @Test func bigEndianRoundTrip() {
        var octets: [UInt8] = []
        octets.append(bigEndian: UInt16(0x0102))
        octets.append(bigEndian: UInt32(0x0304_0506))
        octets.append(bigEndian: UInt64(0x0708_090A_0B0C_0D0E))
        #expect(octets == [UInt8](1...14))
        #expect(octets.span.bigEndian(at: 2, as: UInt32.self) == 0x0304_0506)
        #expect(octets.span.bigEndian(at: 6, as: UInt64.self) == 0x0708_090A_0B0C_0D0E)
    }
}

@Suite struct TextTests {
    /// RFC 4648 section 10.
    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func base64(plain: String, encoded: String) {
        #expect(Base64.text(Array(plain.utf8).span) == encoded)
    }

    @Test func hexRoundTrip() {
        let octets = [UInt8](0...255)
        let text = Hex.text(octets.span)
        #expect(text.hasPrefix("000102") && text.hasSuffix("fdfeff"))
        #expect(Hex.octets(Array(text.uppercased().utf8).span) == octets)
        #expect(Hex.octets(Array("0".utf8).span) == nil)
        #expect(Hex.octets(Array("0g".utf8).span) == nil)
    }

    @Test func utf8IsChecked() {
        #expect(Array("é室".utf8).span.utf8Text() == "é室")
        #expect([0xC0, 0x80].span.utf8Text() == nil)
        #expect([0xED, 0xA0, 0x80].span.utf8Text() == nil)
    }
}
