// What counts against rates: whatever comes, whether it is stored or not, and whoever says so.

import HTTP
import Posix
import Testing

@testable import FrameLog
@testable import Server

@Suite struct ChargesTests {
    private let authorization = "Authorization: Bearer \(Site.secret)"
    private let json = "Content-Type: application/json"
    private let ndjson = "Content-Type: application/x-ndjson"
    private let large = "Content-Length: 9999999"

    /// The quotas are ten times the rates.
    private func site(items: UInt64? = nil, octets: UInt64? = nil, requests: UInt64? = nil) throws -> Site {
        var rates = RateLimits()
        rates.secretItems = items
        rates.secretOctets = octets
        rates.addressRequests = requests
        var site = Site(rates: rates)
        site.requester.network = try #require(SocketAddress(host: "192.0.2.1", port: 1)).network
        return site
    }

    private func ending(_ site: Site, _ fields: [String], _ body: String) throws -> UploadEnding? {
        let upload = try site.accept("POST /channel/a", fields + [authorization])
        return try site.receive(upload, Array(body.utf8)).pending.ending
    }

    private func isRateLimited(_ ending: UploadEnding?) -> Bool {
        if case .rateLimited = ending { true } else { false }
    }

    /// Whether the next upload is refused at its head, and not for its size.
    private func isInDebt(_ site: Site) throws -> Bool {
        try site.ask("POST /channel/a", authorization, json, large).status == 429
    }

    @Test func linesThatAreNoJSON() throws {
        let ten = String(repeating: "x\n", count: 10)
        #expect(try ending(site(items: 1), [ndjson], ten) == .complete)
        #expect(try isRateLimited(ending(site(items: 1), [ndjson], ten + "x\n")))
    }

    @Test func itemsThatAreTooLarge() throws {
        let long = String(repeating: "1", count: 1001) + "\n"
        #expect(try ending(site(items: 1), [ndjson], String(repeating: long, count: 10)) == .complete)
        #expect(try isRateLimited(ending(site(items: 1), [ndjson], String(repeating: long, count: 11))))
        // What follows of a line that is too long, and blank lines.
        for body in [String(repeating: "1", count: 11_000), String(repeating: "\n", count: 11_000)] {
            let site = try site(octets: 1000)
            _ = try ending(site, [ndjson], body)
            #expect(try isInDebt(site))
        }
    }

    @Test func anItemAloneThatIsTooLarge() throws {
        let site = try site(octets: 100)
        let body = String(repeating: "1", count: 1001)
        #expect(try ending(site, [json, "Transfer-Encoding: chunked"], body) == .tooLarge)
        #expect(try isInDebt(site))
    }

    @Test func whatCameOfAnItemThatNeverEnds() throws {
        let site = try site(octets: 100)
        let upload = try site.accept("POST /channel/a", [json, authorization, "Content-Length: 1000"])
        let pending = try PendingUpload(upload)
        pending.take([UInt8](repeating: 1, count: 999).span)
        pending.end(.memoryFull)
        #expect(try !isInDebt(site))
        let other = try PendingUpload(upload)
        other.take([UInt8](repeating: 1, count: 1000).span)
        other.end(.cutOff)
        #expect(try isInDebt(site))
    }

    /// Has an upload of ten items come again, of which `stored` are there.
    private func comeAgain(_ site: Site, stored: Int) throws -> UploadEnding? {
        let upload = try site.accept("POST /channel/a", [ndjson, authorization, "Idempotency-Key: k"])
        let pending = try PendingUpload(upload)
        var batch = ItemBatch()
        var progress = UploadProgress()
        progress.through = UInt64(stored)
        progress.storedCount = UInt64(stored)
        var digest = BodyDigest(seed: upload.channelType.span)
        for _ in 0..<stored {
            digest.read(Array("1\n".utf8).span)
            digest.endItem()
        }
        progress.digest = digest.value
        _ = pending.work(into: &batch, ticket: 1, site.context)
        pending.decide(
            .claimed(KeyClaim(number: 1, progress: progress)), byteCount: 0, nowMilliseconds: Site.now)
        pending.take(Array(String(repeating: "1\n", count: 10).utf8).span)
        pending.finishContent()
        while pending.work(into: &batch, ticket: 1, site.context) {}
        return pending.ending
    }

    /// The way to where a retry goes on is free, or an upload of more than may come at once had no end; one
    /// that goes nowhere is not.
    @Test func whatComesAgain() throws {
        let site = try site(items: 1)
        for _ in 0..<9 { #expect(try comeAgain(site, stored: 9) == .complete) }
        #expect(try !isInDebt(site))
        #expect(try comeAgain(site, stored: 10) == .complete)
        #expect(try isInDebt(site))
    }

    @Test func headsThatAreBroken() throws {
        let site = try site(requests: 1)
        for number in 1...11 {
            var response = Response()
            Router.refuse(RequestFault(431, "Send less."), site.context, from: site.requester, &response)
            #expect(response.status == (number <= 10 ? 431 : 429))
        }
    }

    /// Where the peer is trusted nobody asks for its secret: one that it makes up has no rates of its own.
    @Test func secretsThatAreMadeUp() throws {
        var site = try site(items: 1)
        site.requester.isTrusted = true
        func status(_ fields: String...) throws -> UInt16 {
            try site.ask("POST /channel/a", fields + [json, large]).status
        }
        let upload = try site.accept("POST /channel/a", [ndjson, "Authorization: Bearer 1"])
        _ = try site.receive(upload, Array(String(repeating: "1\n", count: 10).utf8))
        #expect(try status("Authorization: Bearer 1") == 429)
        #expect(try status("Authorization: Bearer 2") == 429)
        #expect(try status() == 429)
        // One that is known does.
        #expect(try status(authorization) == 413)
    }

    @Test func aLimitOfGuessesCanBeSwitchedOff() throws {
        var rates = RateLimits()
        rates.addressGuesses = nil
        var site = Site(rates: rates)
        site.requester.network = try #require(SocketAddress(host: "192.0.2.1", port: 1)).network
        for _ in 0..<1000 {
            #expect(try site.ask("POST /channel/a", "Authorization: Bearer wrong", json).status == 401)
        }
    }
}
