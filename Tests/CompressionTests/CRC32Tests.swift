// Shows that checksums are those of the catalogue's check value (CRC-32/ISO-HDLC), in whatever pieces octets
// come.
import Testing

@testable import Compression

@Suite struct CRC32Tests {
    private let digits = Array("123456789".utf8)

    @Test func theCheckValueIsTheCataloguesOne() {
        var checksum = CRC32()
        #expect(checksum.value == 0)
        checksum.update(digits.span)
        #expect(checksum.value == 0xCBF4_3926)
    }

    @Test func piecesGiveWhatTheWholeGives() {
        for cut in 0...digits.count {
            var checksum = CRC32()
            checksum.update(digits.span.extracting(0..<cut))
            checksum.update(digits.span.extracting(cut..<digits.count))
            #expect(checksum.value == 0xCBF4_3926)
        }
    }
}
