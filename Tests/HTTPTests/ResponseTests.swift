// Shows the first lines of responses octet for octet.
import Bytes
import HTTP
import Testing

@Suite struct HeadWriterTests {
    @Test(
        arguments: [
            (200, "OK"), (204, "No Content"), (206, "Partial Content"), (304, "Not Modified"),
            (307, "Temporary Redirect"),
            (400, "Bad Request"), (413, "Content Too Large"), (431, "Request Header Fields Too Large"),
            (501, "Not Implemented"), (505, "HTTP Version Not Supported"), (507, "Insufficient Storage"),
            (599, "Unknown"),
        ] as [(UInt16, String)])
    func statusLines(status: UInt16, reason: String) {
        var buffer = Buffer()
        HeadWriter.append(status: status, to: &buffer)
        let octets = buffer.octets.copied()
        #expect(String(decoding: octets, as: UTF8.self) == "HTTP/1.1 \(status) \(reason)\r\n")
    }

    @Test func theInterimResponse() {
        var buffer = Buffer()
        HeadWriter.appendContinue(to: &buffer)
        let octets = buffer.octets.copied()
        #expect(String(decoding: octets, as: UTF8.self) == "HTTP/1.1 100 Continue\r\n\r\n")
    }
}
