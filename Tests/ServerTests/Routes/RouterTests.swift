// What holds for every path: methods, OPTIONS and CORS, problems, and the small resources.

import HTTP
import Testing

@testable import Server

@Suite struct RouterTests {
    private let site = Site()

    private static let readMethods = "GET, HEAD, OPTIONS"

    @Test(arguments: [
        ("/", readMethods), ("/frame", readMethods), ("/frame?from=x", readMethods), ("/0", readMethods),
        ("/time", readMethods), ("/healthz", readMethods), ("/nothing", readMethods),
        ("/channel/a", "GET, HEAD, POST, OPTIONS"), ("/0/channel/a", readMethods),
        ("/frame/after/1", readMethods), ("/frame/latest", readMethods), ("/frame/at/1", readMethods),
        ("*", "GET, HEAD, POST, OPTIONS"),
    ])
    func options(path: String, methods: String) throws {
        let answer = try site.ask(
            "OPTIONS \(path)", "Origin: https://a.example", "Access-Control-Request-Method: GET",
            "Access-Control-Request-Headers: x-evil")
        #expect(answer.status == 204)
        #expect(answer.body.isEmpty)
        #expect(answer["Allow"] == methods)
        #expect(answer["Access-Control-Allow-Methods"] == methods)
        #expect(answer["Access-Control-Allow-Origin"] == "*")
        #expect(answer["Access-Control-Max-Age"] == "7200")
        #expect(answer["Cache-Control"] == "no-store")
        #expect(answer["X-Content-Type-Options"] == "nosniff")
        #expect(answer["Access-Control-Allow-Headers"]?.contains("evil") == false)
    }

    @Test func preflightOfAPost() throws {
        let answer = try site.ask("OPTIONS /channel/a")
        #expect(
            answer["Access-Control-Allow-Headers"]
                == "Authorization, Content-Type, Content-Encoding, Idempotency-Key, Prefer")
        #expect(answer["Accept-Post"]?.hasPrefix("application/json, application/octet-stream, ") == true)
    }

    @Test func preflightOfARead() throws {
        let fields = try site.ask("OPTIONS /0")["Access-Control-Allow-Headers"] ?? ""
        for field in ["Range", "If-None-Match", "If-Range", "If-Match"] { #expect(fields.contains(field)) }
    }

    @Test func narrowedOrigin() throws {
        let site = Site(corsOrigin: "https://viewer.example:8443")
        for line in ["OPTIONS /channel/a", "GET /frame", "GET /0", "GET /nothing", "POST /channel/a"] {
            #expect(try site.ask(line)["Access-Control-Allow-Origin"] == "https://viewer.example:8443")
        }
    }

    @Test(arguments: ["*", "https://a.example", "http://[::1]:8080", "app+x://localhost"])
    func origins(text: String) {
        #expect(RouteSettings.isOrigin(text))
    }

    @Test(arguments: [
        "", "a.example", "https://", "://a", "https://a.example/", "https://a https://b",
        "https://a,https://b",
        "https://a\r\nX: 1", "https://ä.example", "null", "https:/a",
    ])
    func noOrigins(text: String) {
        #expect(!RouteSettings.isOrigin(text))
    }

    @Test(arguments: [
        "POST /frame", "POST /", "PUT /0", "DELETE /123", "PATCH /time", "TRACE /healthz", "DELETE /frame",
    ])
    func wrongMethodOfARead(line: String) throws {
        let answer = try site.ask(line)
        #expect(answer.status == 405)
        #expect(answer.problem == "method-not-allowed")
        #expect(answer["Allow"] == Self.readMethods)
        #expect(answer["Cache-Control"] == "no-store")
    }

    @Test(arguments: ["PUT", "DELETE", "PATCH"])
    func wrongMethodOfAChannel(method: String) throws {
        let answer = try site.ask("\(method) /channel/a")
        #expect(answer.status == 405)
        #expect(answer["Allow"] == "GET, HEAD, POST, OPTIONS")
    }

    @Test(arguments: [
        "GET /nothing", "POST /nothing", "GET /frame/", "GET /Frame", "GET //frame", "GET /frames",
        "GET /%66rame",
        "GET /%0D%0AX-Injected:1", "GET /openapi", "GET /../frame", "GET /channel",
    ])
    func unknownPaths(line: String) throws {
        let answer = try site.ask(line)
        #expect(answer.status == 404)
        #expect(answer.problem == "unknown-path")
        #expect(answer["Cache-Control"] == "no-store")
        #expect(answer["Access-Control-Allow-Origin"] == "*")
        #expect(answer["X-Content-Type-Options"] == "nosniff")
    }

    @Test func problemOctets() throws {
        #expect(
            try site.ask("GET /nothing").text
                == #"{"type":"urn:syncstreamer:problem:unknown-path","title":"There is nothing here","#
                + #""status":404,"detail":"See / for what there is."}"#)
    }

    /// What is asked for is there, by its first octets.
    @Test(arguments: [
        ("/", "text/html", "<!doctype html>"), ("/viewer.mjs", "text/javascript", ""),
        ("/viewer.css", "text/css", ""), ("/syncstreamer.mjs", "text/javascript", ""),
        ("/openapi.json", "application/json", "{"),
    ])
    func filesForBrowsers(path: String, type: String, start: String) throws {
        let answer = try site.ask("GET \(path)")
        #expect(answer.status == 200 && answer["Cache-Control"] == "no-store")
        #expect(answer["Content-Type"]?.hasPrefix(type) == true)
        #expect(answer.text.hasPrefix(start) && answer.body.count > 1000)
        #expect((answer["Content-Security-Policy"] != nil) == (path == "/"))
        let gzip = try site.ask("GET \(path)", "Accept-Encoding: gzip")
        if path == "/" {
            #expect(gzip["Content-Encoding"] == nil && gzip.body == answer.body)
            return
        }
        #expect(answer["Vary"] == "Accept-Encoding")
        #expect(gzip["Content-Encoding"] == "gzip" && gzip.body.count < answer.body.count)
        #expect(try FrameFolder.gunzip(gzip.body) == answer.body)
    }

    @Test func health() throws {
        var site = site
        for readiness in [Readiness.ready, .full, .draining, .logClosed, .logDamaged] {
            site.context.readiness = readiness
            let answer = try site.ask("GET /healthz")
            #expect(answer.status == 200)
            #expect(answer["Cache-Control"] == "no-store")
        }
    }

    @Test func time() throws {
        var site = site
        // A clock that was ahead when the request came: the answer still doesn't leave before that.
        site.context.receivedMicroseconds = 4_102_444_800_000_042
        let answer = try site.ask("GET /time")
        #expect(answer.text == #"{"receivedAt":4102444800000.042,"sentAt":4102444800000.042}"#)
        #expect(answer["Content-Type"] == "application/json")
        #expect(answer["Cache-Control"] == "no-store")
        site.context.receivedMicroseconds = 1000
        #expect(try site.ask("GET /time").text.hasPrefix(#"{"receivedAt":1.000,"sentAt":"#))
    }

    @Test(arguments: [
        (400, "malformed-request"), (414, "uri-too-long"), (431, "fields-too-large"), (501, "unknown-method"),
        (505, "unsupported-version"), (413, "too-large"),
    ])
    func brokenMessages(status: UInt16, problem: String) {
        var response = Response()
        Router.refuse(
            RequestFault(status, "Do this."), site.context, from: site.requester, &response)
        let answer = Answer(response)
        #expect(answer.status == status)
        #expect(answer.problem == problem)
        #expect(answer.text.hasSuffix("\"detail\":\"Do this.\"}"))
        #expect(answer["Access-Control-Allow-Origin"] == "*")
    }

    @Test func slowRequest() {
        var response = Response()
        Router.timeOut(site.context, &response)
        let answer = Answer(response)
        #expect(answer.problem == "timeout")
        #expect(answer.status == 408)
    }

    /// No Content-Length with 204 and 304 (RFC 9110 section 8.6), and one with everything else.
    @Test func contentLength() {
        var response = Response()
        for status: UInt16 in [200, 206, 400, 404, 500] {
            response.status = status
            let hasLength = response.hasContentLength
            #expect(hasLength, "\(status)")
        }
        for status: UInt16 in [204, 304] {
            response.status = status
            let hasLength = response.hasContentLength
            #expect(!hasLength, "\(status)")
        }
    }
}
