// Shows which octets each part of a head may hold, by trying all 256 in it. The allowed sets are written out
// from the RFCs here once more.
import Bytes
import HTTP
import Testing

@Suite struct OctetTests {
    private static let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

    private func isAccepted(_ before: String, _ octet: UInt8, _ behind: String) -> Bool {
        let octets = Array(before.utf8) + [octet] + Array(behind.utf8)
        let lines = transcript(of: octets, piecesEndingAt: [])
        return lines.count == 2 && lines[1] == "body "
    }

    /// RFC 9110 section 5.6.2.
    @Test(arguments: UInt8.min...UInt8.max) func inAFieldName(octet: UInt8) {
        let isToken = (Self.letters + "!#$%&'*+-.^_`|~").utf8.contains(octet)
        #expect(isAccepted(get + "X", octet, "X: y\r\n\r\n") == (isToken || octet == UInt8(ascii: ":")))
        #expect(isAccepted(get, octet, "X: y\r\n\r\n") == isToken)
    }

    /// RFC 9110 section 5.5.
    @Test(arguments: UInt8.min...UInt8.max) func inAFieldValue(octet: UInt8) {
        let isValue = octet == 9 || octet >= 0x20 && octet != 0x7F
        #expect(isAccepted(get + "X: a", octet, "b\r\n\r\n") == isValue)
        #expect(isAccepted(get + "X:", octet, "\r\n\r\n") == isValue)
        #expect(isAccepted(get + "X: 0123456789", octet, "0123456789\r\n\r\n") == isValue)
    }

    /// RFC 3986 section 2, without what a fragment begins with.
    @Test(arguments: UInt8.min...UInt8.max) func inATarget(octet: UInt8) {
        let isTarget = (Self.letters + "-._~:/?[]@!$&'()*+,;=%").utf8.contains(octet)
        #expect(isAccepted("GET /a", octet, "b HTTP/1.1\r\nHost: h\r\n\r\n") == isTarget)
    }

    /// RFC 3986 section 3.2, without escapes and sub-delims.
    @Test(arguments: UInt8.min...UInt8.max) func inAHost(octet: UInt8) {
        let isHost = (Self.letters + "-._~:").utf8.contains(octet)
        #expect(isAccepted("GET / HTTP/1.1\r\nHost: a", octet, "1\r\n\r\n") == isHost)
    }
}
