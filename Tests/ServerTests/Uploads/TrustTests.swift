// What a listener trusts whose peers need no secret, what it asks of them all the same, and by what their
// Idempotency-Keys are told apart.

import Bytes
import FrameLog
import Testing

@testable import Server

@Suite struct TrustTests {
    private let site = Site()
    private let authorization = "Authorization: Bearer \(Site.secret)"
    private let json = "Content-Type: application/json"

    private func trusting(patterns: [ChannelPattern] = [.all]) -> Site {
        var site = Site(patterns: patterns)
        site.requester.isTrusted = true
        return site
    }

    @Test(arguments: ["X: y", "Authorization: Bearer wrong", "Authorization: Basic b3Blbjpz"])
    func whereThePeerIsTrustedNoSecretIsNeeded(field: String) throws {
        let upload = try trusting().accept("POST /channel/a", json, field)
        #expect(upload.channelID.span.copied() == Array("a".utf8))
        #expect(try site.ask("POST /channel/a", json, field).status == 401)
    }

    @Test func trustTakesNothingElseAway() throws {
        var site = try trusting(patterns: SecretEntry.patterns(Array("b".utf8).span))
        #expect(try site.ask("POST /channel/%00", json).problem == "bad-channel")
        #expect(try site.ask("POST /channel/a", "Content-Type: text/plain").status == 415)
        site.context.readiness = .draining
        #expect(try site.ask("POST /channel/a", json).status == 503)
    }

    /// Any page that a browser on this machine shows can have it post to this machine's own addresses.
    @Test(arguments: ["http://evil.example", "http://127.0.0.1:4242", "null"])
    func aWebPageIsNotTrusted(origin: String) throws {
        let site = trusting()
        #expect(try site.ask("POST /channel/a", json, "Origin: \(origin)").status == 401)
        _ = try site.accept("POST /channel/a", json, authorization, "Origin: \(origin)")
    }

    @Test func keysOfThoseWithoutASecret() throws {
        let key = "Idempotency-Key: k"
        let trusting = trusting()
        func upload(_ site: Site, _ fields: String...) throws -> UploadKey? {
            try site.accept("POST /channel/a", fields + [json, key]).key
        }
        let nobodys = try upload(trusting)
        #expect(nobodys != nil)
        #expect(try upload(trusting) == nobodys)
        #expect(try upload(trusting, "Authorization: Basic x") == nobodys)
        // Who gives a secret all the same is told from the others by it, as on every other listener.
        #expect(try upload(trusting, authorization) == upload(site, authorization))
        #expect(try upload(trusting, authorization) != nobodys)
        #expect(try upload(trusting, "Authorization: Bearer other") != upload(trusting, authorization))
    }
}
