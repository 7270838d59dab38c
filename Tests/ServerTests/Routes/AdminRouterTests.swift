// The operator's listener: what it serves, and that no page in a browser may read it.

import HTTP
import Testing

@testable import Server

@Suite struct AdminRouterTests {
    private func ask(_ line: String, _ readiness: Readiness = .ready) throws -> Answer {
        let octets = Array("\(line) HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\n\r\n".utf8)
        var head = RequestHead()
        try head.parse(octets.span)
        var context = Site().context
        context.readiness = readiness
        var response = Response()
        let decision = AdminRouter.route(head, octets.span, context, &response)
        guard case .respond = decision else { throw Refused() }
        return Answer(response)
    }

    @Test(
        arguments: [
            ("GET /healthz", 200), ("GET /readyz", 200), ("GET /metrics", 200), ("HEAD /metrics", 200),
            ("POST /metrics", 405), ("OPTIONS /metrics", 405), ("GET /frame", 404),
        ] as [(String, UInt16)])
    func noScriptMayRead(line: String, status: UInt16) throws {
        let answer = try ask(line)
        #expect(answer.status == status)
        #expect(answer.fields.allSatisfy { !$0.name.lowercased().hasPrefix("access-control-") })
        #expect(answer["X-Content-Type-Options"] == "nosniff")
        #expect(answer["Cache-Control"] == "no-store")
    }

    @Test func norWhatIsWrong() throws {
        let answer = try ask("GET /readyz", .draining)
        #expect(answer.status == 503)
        #expect(answer["Retry-After"] == "5")
        #expect(answer["Access-Control-Allow-Origin"] == nil)
        var response = Response()
        AdminRouter.refuse(RequestFault(431, "Send less."), &response)
        #expect(Answer(response)["Access-Control-Allow-Origin"] == nil)
    }

    /// On either listener a head that does not end gets 408; only what anybody may read says so to scripts.
    @Test(arguments: [(Service.admin, false), (.plain, true)])
    func norWhatIsTooSlow(service: Service, isOpen: Bool) throws {
        var rig = try ConnectionRig(service: service)
        rig.send("GET /metrics HTTP/1.1\r\n")
        let isOverdue = rig.isOverdue(at: 10_000)
        let outcome = rig.timeOut()
        let answer = String(decoding: rig.sent(), as: UTF8.self)
        #expect(isOverdue && outcome != .close)
        #expect(answer.hasPrefix("HTTP/1.1 408 "))
        #expect(answer.lowercased().contains("access-control-") == isOpen)
    }
}
