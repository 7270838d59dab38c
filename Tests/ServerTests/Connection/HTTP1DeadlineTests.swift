// Shows under which time limits an HTTP/1.1 connection stands: what renews one, and what must not. Time is
// passed in. A turn without new octets is what a TLS record without content comes to.

import Testing

@testable import Server

@Suite struct HTTP1DeadlineTests {
    private static func post(_ type: String, _ framing: String) -> String {
        "POST /channel/a HTTP/1.1\r\nHost: a\r\nContent-Type: \(type)\r\n"
            + "Authorization: Bearer \(Site.secret)\r\n\(framing)\r\n\r\n"
    }

    @Test func turnsWithoutContentDontRenewTheIdleLimit() throws {
        var rig = try ConnectionRig()
        rig.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        rig.now = 70_000
        #expect(rig.work() == .keep)
        let early = rig.isOverdue(at: 74_999)
        let late = rig.isOverdue(at: 75_000)
        #expect(!early && late)
    }

    @Test func aRequestRenewsTheIdleLimit() throws {
        var rig = try ConnectionRig()
        for second in [0, 70, 140] as [UInt64] {
            rig.now = second * 1_000
            rig.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        }
        let early = rig.isOverdue(at: 214_999)
        let late = rig.isOverdue(at: 215_000)
        #expect(!early && late)
    }

    @Test func onlyContentRenewsAStreamsLimit() throws {
        var rig = try ConnectionRig()
        rig.send(Self.post("application/x-ndjson", "Transfer-Encoding: chunked"))
        rig.now = 100_000
        rig.send("2\r\n1\n\r\n")
        rig.now = 300_000
        // A turn, and a chunk that has begun and brings nothing.
        #expect(rig.work() == .keep)
        rig.send("1")
        let early = rig.isOverdue(at: 399_999)
        let late = rig.isOverdue(at: 400_000)
        #expect(!early && late)
    }

    /// Not the stream's own limit, which may be a longer one.
    @Test func anAnswerBeginsTheIdleLimit() throws {
        var rig = try ConnectionRig()
        rig.send(Self.post("application/x-ndjson", "Transfer-Encoding: chunked"))
        rig.send("0\r\n\r\n")
        #expect(rig.connection.phase == .head)
        let early = rig.isOverdue(at: 74_999)
        let late = rig.isOverdue(at: 75_000)
        #expect(!early && late)
    }

    /// A disk that is slow stops our reading, so that nobody can send.
    @Test(arguments: ["application/x-ndjson", "application/octet-stream"])
    func aFullQueueIsNotTheClientsFault(type: String) throws {
        var rig = try ConnectionRig()
        rig.send(Self.post(type, "Content-Length: 900"))
        rig.workspace.undecidedByteCount = TurnLimits.queueByteCountMax
        rig.now = 1_000
        rig.send("1")
        let held = rig.isOverdue(at: 10_000_000)
        #expect(!held)
        rig.workspace.undecidedByteCount = 0
        #expect(rig.work() == .keep)
        let limit: UInt64 = type == "application/x-ndjson" ? 300_000 : 30_000
        let early = rig.isOverdue(at: 10_000_000 + limit - 1)
        let late = rig.isOverdue(at: 10_000_000 + limit)
        #expect(!early && late)
    }
}
