// Shows that searching and comparing eight octets at a time finds what looking at each octet finds: every
// octet value at every place of texts of every length around the word's, with neighbours that provoke a
// borrow.
import Bytes
import Testing

@Suite struct OctetWordTests {
    /// Octets whose neighbourhood makes the subtractions borrow.
    private static let fillings: [UInt8] = [0x00, 0x01, 0x1F, 0x20, 0x7F, 0x80, 0x81, 0xFF]

    @Test(arguments: fillings) func firstIndexOfAnyOctet(filling: UInt8) {
        for octet in UInt8.min...UInt8.max where octet != filling {
            for count in [1, 7, 8, 9, 16, 19] {
                for place in 0..<count {
                    var octets = [UInt8](repeating: filling, count: count)
                    octets[place] = octet
                    #expect(octets.span.firstIndex(of: octet) == place)
                    #expect(octets.span.firstIndex(of: octet, from: place) == place)
                    #expect(octets.span.firstIndex(of: octet, from: place + 1) == nil)
                }
            }
        }
    }

    @Test(arguments: fillings) func theFirstMarkBelowALimit(filling: UInt8) {
        for limit in [1, 0x20, 0x7F, 0x80] as [UInt8] {
            for octet in UInt8.min...UInt8.max {
                for place in 0..<8 {
                    var octets = [UInt8](repeating: filling, count: 8)
                    octets[place] = octet
                    let marks = OctetWord(octets.span, at: 0).marks(below: limit)
                    #expect(OctetWord.count(before: marks) == octets.firstIndex { $0 < limit } ?? 8)
                }
            }
        }
    }

    @Test func aDifferenceIsSeenAtEveryPlace() {
        for count in [1, 7, 8, 9, 16, 19] {
            let octets = [UInt8](repeating: 0x61, count: count)
            let isSame = octets.span.isEqual(to: octets.span)
            #expect(isSame)
            for place in 0..<count {
                var other = octets
                other[place] = 0x62
                let isOther = octets.span.isEqual(to: other.span)
                #expect(!isOther)
            }
        }
    }

    @Test func caseIsFoldedForLettersOnly() {
        for octet in UInt8.min...UInt8.max {
            for place in 0..<12 {
                var octets = Array("aaaaaaaaaaaa".utf8)
                octets[place] = octet
                #expect(octets.span.isEqual(toLowercased: "aaaaaaaaaaaa") == (octet == 0x41 || octet == 0x61))
                octets = Array("zzzzzzzzzzzz".utf8)
                octets[place] = octet
                #expect(octets.span.isEqual(toLowercased: "zzzzzzzzzzzz") == (octet == 0x5A || octet == 0x7A))
            }
            // What folding moved wrongly would look like another octet.
            var mixed = Array("aaaaaaaaaaaa".utf8)
            mixed[3] = octet
            let isDash = octet == UInt8(ascii: "-")
            #expect(mixed.span.isEqual(toLowercased: "aaa-aaaaaaaa") == isDash)
        }
    }
}
