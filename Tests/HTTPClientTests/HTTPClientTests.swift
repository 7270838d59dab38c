// Shows what HTTPClient makes of a server's answers and failures, against a small server in Python on a free
// port of this machine. Nothing is timed: each test waits for the answer, or for the failure it asks for.
import HTTPClient
import Testing

@Suite struct HTTPClientTests {
    let server: LocalServer
    let client = HTTPClient()

    init() throws { server = try LocalServer() }

    private func get(_ path: String) throws -> HTTPResponse {
        try client.send(HTTPRequest(.get, server.url + path))
    }

    @Test func anAnswerHasItsStatusItsFieldsInOrderAndItsContent() throws {
        let response = try get("/hello")
        #expect(response.status == 200)
        #expect(response.isSuccess)
        #expect(response.value(of: "x-kind") == "greeting")
        #expect(response.fields.filter { $0.name == "x-twice" }.map(\.value) == ["one", "two"])
        #expect(response.body == Array("hello".utf8))
    }

    @Test func aFailureStatusIsAnAnswerWithItsContent() throws {
        let response = try get("/status/507")
        #expect(response.status == 507)
        #expect(!response.isSuccess)
        #expect(response.value(of: "content-type") == "application/problem+json")
        #expect(String(decoding: response.body, as: UTF8.self).contains("as asked"))
    }

    @Test func headBringsTheLengthAndNoContent() throws {
        let response = try client.send(HTTPRequest(.head, server.url + "/octets/1000"))
        #expect(response.value(of: "content-length") == "1000")
        #expect(response.body.isEmpty)
        // The connection goes on in step: nothing of the content that was announced is waited for.
        #expect(try get("/hello").body == Array("hello".utf8))
    }

    /// 2 MiB is past the size from which libcurl asks first ("Expect: 100-continue").
    @Test(arguments: [0, 1, 1000, 2 << 20])
    func postSendsContentAndFields(count: Int) throws {
        var request = HTTPRequest(.post, server.url + "/echo")
        request.fields = [("Authorization", "Bearer abc"), ("Content-Type", "application/json")]
        request.body = [UInt8](repeating: 3, count: count)
        let text = String(decoding: try client.send(request).body, as: UTF8.self)
        #expect(text.contains("\"Content-Type\": \"application/json\""))
        #expect(text.contains("\"Authorization\": \"Bearer abc\""))
        #expect(text.contains("\"User-Agent\": \"syncstreamer\""))
        #expect(text.contains("\"count\": \(count), \"sum\": \(3 * count)"))
    }

    @Test func contentWithoutATypeIsNotCalledFormData() throws {
        var request = HTTPRequest(.post, server.url + "/echo")
        request.body = [1]
        #expect(
            String(decoding: try client.send(request).body, as: UTF8.self).contains("\"Content-Type\": null"))
    }

    @Test func oneConnectionServesManyRequests() throws {
        for _ in 0..<5 { _ = try get("/hello") }
        _ = try client.send(HTTPRequest(.post, server.url + "/echo"))
        #expect(try get("/connections").body == Array("1".utf8))
    }

    @Test func aSinkGetsTheContentInPiecesAndTheHeaderFirst() throws {
        let sink = Collector()
        let response = try client.send(HTTPRequest(.get, server.url + "/octets/300000"), into: sink)
        #expect(response.body.isEmpty)
        #expect(sink.begun == 1)
        #expect(sink.announced == "300000")
        #expect(sink.octets == (0..<300_000).map { UInt8($0 & 255) })
        #expect(sink.pieces > 1)
    }

    @Test func aSinkIsToldOfContentThatIsEmpty() throws {
        let sink = Collector()
        _ = try client.send(HTTPRequest(.get, server.url + "/octets/0"), into: sink)
        #expect(sink.begun == 1)
        #expect(sink.octets.isEmpty)
    }

    @Test func aSinkSeesNothingOfAFailure() throws {
        let sink = Collector()
        let response = try client.send(HTTPRequest(.get, server.url + "/status/404"), into: sink)
        #expect(response.status == 404)
        #expect(!response.body.isEmpty)
        #expect(sink.begun == 0)
    }

    @Test func whatTheSinkThrowsComesOut() throws {
        let sink = Collector()
        sink.octetsMax = 10
        #expect(throws: Collector.Full.self) {
            _ = try client.send(HTTPRequest(.get, server.url + "/octets/300000"), into: sink)
        }
    }

    @Test func aContentThatBreaksOffIsAnError() {
        #expect(throws: HTTPClientError.self) { try get("/short/1000") }
    }

    @Test func moreContentThanAllowedIsAnError() throws {
        var settings = HTTPClientSettings()
        settings.bodyByteCountMax = 999
        let client = HTTPClient(settings)
        let error = #expect(throws: HTTPClientError.self) {
            _ = try client.send(HTTPRequest(.get, server.url + "/octets/1000"))
        }
        #expect(error?.kind == .tooLarge)
        #expect(try client.send(HTTPRequest(.get, server.url + "/octets/999")).body.count == 999)
    }

    @Test func aTransferCanBeCancelled() {
        let error = #expect(throws: HTTPClientError.self) {
            _ = try client.send(HTTPRequest(.get, server.url + "/never"), unless: { true })
        }
        #expect(error?.kind == .cancelled)
    }

    @Test func aPortWithoutTLSIsNamedAsThat() {
        let url = server.url.replacing("http:", with: "https:") + "/hello"
        let error = #expect(throws: HTTPClientError.self) { _ = try client.send(HTTPRequest(.get, url)) }
        #expect(error?.url == url)
        #expect(error?.advice == "check that the port is one with TLS")
    }

    @Test func aServerThatIsNotThereIsAnErrorThatNamesTheURL() {
        // Port 1 (tcpmux) is below what an unprivileged server may take, and nobody has run one for decades.
        let error = #expect(throws: HTTPClientError.self) {
            _ = try client.send(HTTPRequest(.get, "http://127.0.0.1:1/"))
        }
        #expect(error?.url == "http://127.0.0.1:1/")
        #expect(error?.advice == "check --url, and that the server runs")
    }

    @Test(arguments: ["ftp://127.0.0.1/", "file:///etc/passwd", "https://"])
    func onlyHTTPIsSpoken(url: String) {
        #expect(throws: HTTPClientError.self) { _ = try client.send(HTTPRequest(.get, url)) }
    }
}

/// A sink that keeps what it gets, up to a limit.
private final class Collector: ResponseSink {
    struct Full: Error {}

    var begun = 0
    var announced: String?
    var octets: [UInt8] = []
    var pieces = 0
    var octetsMax = Int.max

    func begin(_ response: HTTPResponse) throws {
        begun += 1
        announced = response.value(of: "content-length")
    }

    func take(_ octets: Span<UInt8>) throws {
        pieces += 1
        for index in octets.indices { self.octets.append(octets[index]) }
        if self.octets.count > octetsMax { throw Full() }
    }
}
