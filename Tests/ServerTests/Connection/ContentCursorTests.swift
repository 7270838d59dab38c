// Shows that a cursor hands out a response's content whole and in order, whatever pieces it is asked for,
// over arrays, mapped files and mixtures of both.
import Bytes
import Posix
import Testing

@testable import Server

@Suite struct ContentCursorTests {
    private let octets = [UInt8](0..<200)

    private func collected(_ response: borrowing Response, step: Int) -> [UInt8] {
        var cursor = ContentCursor(response)
        var buffer = Buffer()
        while !cursor.isAtEnd { cursor.append(octetsMax: step, to: &buffer) }
        return buffer.octets.copied()
    }

    @Test(arguments: [1, 7, 64, 1000]) func everyKindOfContent(step: Int) {
        var response = Response()
        response.text.append("<text>")
        let file = MappedFile(copying: octets.span)
        response.content = .none
        #expect(collected(response, step: step) == [])
        response.content = .text
        #expect(collected(response, step: step) == Array("<text>".utf8))
        response.content = .shared(octets, 10..<60)
        #expect(collected(response, step: step) == [UInt8](10..<60))
        response.content = .mapped(file, 100..<200)
        #expect(collected(response, step: step) == [UInt8](100..<200))
        response.content = .mapped(file, 5..<5)
        #expect(collected(response, step: step) == [])
        response.content = .parts([
            .text(0..<3), .mapped(file, 0..<2), .shared(octets, 7..<7), .text(3..<6), .shared(octets, 9..<11),
        ])
        #expect(collected(response, step: step) == Array("<te".utf8) + [0, 1] + Array("xt>".utf8) + [9, 10])
        #expect(response.contentByteCount == 10)
    }

    /// The response's text is used again for the next request while the cursor still sends.
    @Test func theTextIsTheCursorsOwn() {
        var response = Response()
        response.text.append("first")
        response.content = .text
        var cursor = ContentCursor(response)
        response.reset()
        response.text.append("other")
        var buffer = Buffer()
        cursor.append(octetsMax: 100, to: &buffer)
        #expect(buffer.octets.copied() == Array("first".utf8))
    }
}
