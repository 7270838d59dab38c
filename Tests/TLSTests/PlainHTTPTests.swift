// What is not TLS at all: a plain HTTP request is told apart by its first octet and left untouched, so that
// the server can answer it readably; anything else ends the session.
import Bytes
import Testing

@testable import TLS

struct PlainHTTPTests {
    private let identity = Identity()

    @Test(arguments: [
        "GET / HTTP/1.1\r\n\r\n", "POST /channel/a HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n", "G", "OPTIONS",
    ])
    func aRequestIsRecognisedAndLeftAlone(request: String) throws {
        let pair = Pair(try identity.context())
        pair.feed(Array(request.utf8))
        #expect(pair.progress == .plainHTTP)
        #expect(pair.ciphertextLeft == Array(request.utf8))
        #expect(pair.replyOctets.isEmpty)
        #expect(pair.plaintextCount == 0)
        // The same once more: the verdict rests on the first octet alone.
        pair.feed([UInt8(ascii: "x")])
        #expect(pair.progress == .plainHTTP)
    }

    private static let others: [[UInt8]] = [
        [0], [255], Array("get /".utf8), Array("ssh-2.0".utf8), [0x80, 46, 1, 0, 2], [22, 3, 1, 255, 255, 0],
    ]

    @Test(arguments: others)
    func otherOctetsEndTheSession(octets: [UInt8]) throws {
        let pair = Pair(try identity.context())
        pair.feed(octets + [UInt8](repeating: 0, count: 64))
        guard case .failed = pair.progress else {
            Issue.record("taken for TLS: \(pair.progress)")
            return
        }
    }

    @Test func aCapitalLetterLaterInAHandshakeIsNoRequest() throws {
        let pair = Pair(try identity.context())
        var hello = pair.client.outgoing()
        pair.feed([hello.removeFirst()])
        pair.feed(Array("GET".utf8))
        #expect(pair.progress != .plainHTTP)
    }
}
