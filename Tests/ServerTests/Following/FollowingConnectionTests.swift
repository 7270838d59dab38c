// What a connection sends of a channel's events, and when. Its turns are called as the loop calls them.

import Bytes
import Testing

@testable import Server

@Suite struct FollowingConnectionTests {
    private static let block = [UInt8](repeating: UInt8(ascii: "x"), count: 16_000)

    /// Gives the channel so many blocks, each too large to be sent with another one.
    private func append(_ count: Int, to rig: inout ConnectionRig) {
        for _ in 0..<count {
            let followers = rig.workspace.feeds.append(
                ItemEvents.Block(channelID: [UInt8(ascii: "a")], octets: Self.block))
            #expect(followers == [0])
        }
    }

    /// Has the connection work until it waits for something; how many octets of content it sent.
    private func content(of rig: inout ConnectionRig) -> Int {
        var count = 0
        repeat {
            count += rig.frames().reduce(0) { $0 + ($1.type == 0 ? $1.payload.count : 0) }
        } while rig.work() == .again
        return count + rig.frames().reduce(0) { $0 + ($1.type == 0 ? $1.payload.count : 0) }
    }

    @Test func aWindowThatOpensBringsAllThatWaits() throws {
        var rig = try ConnectionRig(isHTTP2: true)
        rig.send(Frames.get(1, path: "/channel/a"))
        #expect(content(of: &rig) == 3)
        append(10, to: &rig)
        // What the windows let through at first (RFC 9113 section 6.9.2).
        #expect(content(of: &rig) == 65_535 - 3)
        let more: [UInt8] = [0, 4, 0, 0]
        rig.send(Frames.frame(8, 0, more) + Frames.frame(8, 1, more))
        #expect(content(of: &rig) == 10 * Self.block.count - (65_535 - 3))
        append(2, to: &rig)
        #expect(content(of: &rig) == 2 * Self.block.count)
    }

    @Test func whatHasComeIsSentAtOnce() throws {
        var rig = try ConnectionRig()
        rig.send("GET /channel/a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let head = String(decoding: rig.sent(), as: UTF8.self)
        #expect(
            head.contains("\r\nTransfer-Encoding: chunked\r\n") && head.hasSuffix("\r\n\r\n3\r\n:\n\n\r\n"))
        append(3, to: &rig)
        var sent: [UInt8] = []
        repeat { sent += rig.sent() } while rig.work() == .again
        sent += rig.sent()
        let chunk = Array("3e80\r\n".utf8) + Self.block + Array("\r\n".utf8)
        #expect(sent == chunk + chunk + chunk)
        #expect(rig.workspace.followerCount == 1)
    }

    /// What was sent lies with the client, and it takes nothing of it: a sign of life would be one more.
    @Test func whoTakesNothingIsCutOff() throws {
        var rig = try ConnectionRig()
        rig.send("GET /channel/a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while rig.connection.output.isEmpty {
            append(1, to: &rig)
            _ = rig.work()
        }
        var isOverdue = rig.isOverdue(at: rig.limits.rateWindowMilliseconds - 1)
        #expect(!isOverdue)
        isOverdue = rig.isOverdue(at: rig.limits.rateWindowMilliseconds)
        #expect(isOverdue)
        let outcome = rig.timeOut()
        #expect(outcome == .close)
        #expect(rig.timeouts(.response) == 1)
        rig.connection.abandonRequests(&rig.workspace)
        #expect(rig.workspace.followerCount == 0)
        #expect(rig.workspace.feeds.feed(of: [UInt8(ascii: "a")]).byteCount == 0)
    }

    @Test func aSilentStreamShowsThatItIsAlive() throws {
        for isHTTP2 in [false, true] {
            var rig = try ConnectionRig(isHTTP2: isHTTP2)
            rig.send(
                isHTTP2
                    ? Frames.get(1, path: "/channel/a")
                    : Array("GET /channel/a HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
            _ = rig.sent()
            var isOverdue = rig.isOverdue(at: rig.limits.following.silenceMilliseconds - 1)
            #expect(!isOverdue)
            isOverdue = rig.isOverdue(at: rig.limits.following.silenceMilliseconds)
            #expect(isOverdue)
            let outcome = rig.timeOut()
            #expect(outcome == .keep)
            let text = String(decoding: rig.sent(), as: UTF8.self)
            #expect(text.hasSuffix(isHTTP2 ? ":\n\n" : "3\r\n:\n\n\r\n"))
            isOverdue = rig.isOverdue(at: 2 * rig.limits.following.silenceMilliseconds - 1)
            #expect(!isOverdue)
        }
    }
}
