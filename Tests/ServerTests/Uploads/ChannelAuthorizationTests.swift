// `POST /channel/{id}`: who may post, by secret or by certificate.

import Bytes
import FrameLog
import TLS
import Testing

@testable import Server

@Suite struct ChannelAuthorizationTests {
    private let site = Site()
    private let authorization = "Authorization: Bearer \(Site.secret)"
    private let json = "Content-Type: application/json"

    @Test func withoutSecret() throws {
        let answer = try site.ask("POST /channel/a", json)
        #expect(answer.status == 401)
        #expect(answer.problem == "unauthorized")
        #expect(answer["WWW-Authenticate"] == "Bearer")
        #expect(answer["Cache-Control"] == "no-store")
        #expect(answer["Access-Control-Allow-Origin"] == "*")
        #expect(answer["X-Content-Type-Options"] == "nosniff")
    }

    @Test(arguments: [
        "Bearer wrong", "Bearer \(Site.secret)x", "Bearer open sesam", "Bearer \(Site.secret.uppercased())",
    ])
    func wrongSecret(value: String) throws {
        let answer = try site.ask("POST /channel/a", json, "Authorization: \(value)")
        #expect(answer.status == 401)
        #expect(answer["WWW-Authenticate"] == "Bearer error=\"invalid_token\"")
        #expect(!answer.text.contains("sesam"))
    }

    @Test(arguments: [
        "Basic b3Blbjpz", "Bearer", "Bearer ", "Bearer\(Site.secret)", "Bearerx y", Site.secret, "",
    ])
    func noBearer(value: String) throws {
        let answer = try site.ask("POST /channel/a", json, "Authorization: \(value)")
        #expect(answer.status == 401)
        #expect(answer["WWW-Authenticate"] == "Bearer")
    }

    @Test(arguments: ["Bearer", "bearer", "BEARER  "])
    func schemeInAnyCase(scheme: String) throws {
        _ = try site.accept("POST /channel/a", json, "Authorization: \(scheme) \(Site.secret)")
    }

    @Test func expiredSecret() throws {
        var site = site
        let entry = SecretEntry(
            name: "old", secret: Array(Site.secret.utf8).span,
            expiry: SecretExpiry(secondsSinceEpoch: Site.now / 1000))
        site.context.secrets = SecretSet([entry])
        #expect(try site.ask("POST /channel/a", json, authorization).status == 401)
        site.context.nowMilliseconds -= 1000
        _ = try site.accept("POST /channel/a", json, authorization)
    }

    @Test func scope() throws {
        let site = Site(patterns: try SecretEntry.patterns(Array("room1-*".utf8).span))
        _ = try site.accept("POST /channel/room1-door", json, authorization)
        let answer = try site.ask("POST /channel/room2-door", json, authorization)
        #expect(answer.status == 403)
        #expect(answer.problem == "forbidden")
        // Scope is judged by the decoded id.
        _ = try site.accept("POST /channel/room1%2Ddoor", json, authorization)
        #expect(try site.ask("POST /channel/room%31", json, authorization).status == 403)
    }

    @Test func severalSecretsAtOnce() throws {
        var site = site
        let mine = try SecretEntry.patterns(Array("mine".utf8).span)
        let yours = try SecretEntry.patterns(Array("yours".utf8).span)
        site.context.secrets = SecretSet([
            SecretEntry(name: "1", secret: Array(Site.secret.utf8).span, patterns: mine),
            SecretEntry(name: "2", secret: Array("other".utf8).span, patterns: yours),
            SecretEntry(name: "3", secret: Array(Site.secret.utf8).span, patterns: yours),
        ])
        _ = try site.accept("POST /channel/mine", json, authorization)
        _ = try site.accept("POST /channel/yours", json, authorization)
        #expect(try site.ask("POST /channel/mine", json, "Authorization: Bearer other").status == 403)
    }

    /// The site for a client with a certificate, whose subject may post to `mine`.
    private func site(for subject: String) -> Site {
        var site = site
        let known = SecretEntry(
            name: "device", proof: .certificate(subject: Array("CN=device".utf8)),
            patterns: [ChannelPattern(Array("mine".utf8).span)!], expiry: nil)
        site.context.secrets = SecretSet(site.context.secrets.entries + [known])
        site.requester.certificate = ClientCertificate(
            subject: Array(subject.utf8), notAfterSeconds: Int64(Site.now / 1000) + 60)
        return site
    }

    @Test func aCertificateTakesASecretsPlace() throws {
        var site = site(for: "CN=device")
        _ = try site.accept("POST /channel/mine", json)
        let answer = try site.ask("POST /channel/yours", json)
        #expect(answer.status == 403)
        #expect(answer.problem == "forbidden")
        #expect(try site.ask("POST /channel/%zz", json).status == 400)
        site.context.nowMilliseconds += 61_000
        #expect(try site.ask("POST /channel/mine", json).status == 401)
    }

    @Test func aCertificateThatNoLineIsFor() throws {
        let answer = try site(for: "CN=stranger").ask("POST /channel/mine", json)
        #expect(answer.status == 401)
        #expect(answer["WWW-Authenticate"] == "Bearer")
        #expect(answer.text.contains("certificate"))
        #expect(try site(for: "CN=stranger").ask("POST /channel/%zz", json).status == 401)
    }

    @Test func aSecretGoesBeforeTheCertificate() throws {
        let site = site(for: "CN=device")
        _ = try site.accept("POST /channel/yours", json, authorization)
        #expect(try site.ask("POST /channel/mine", json, "Authorization: Bearer wrong").status == 401)
        _ = try site.accept("POST /channel/mine", json, "Authorization: Basic b3Blbjpz")
    }

    @Test func keysAreTheClientsOwn() throws {
        let key = "Idempotency-Key: a"
        let device = try site(for: "CN=device").accept("POST /channel/mine", json, key)
        #expect(device.key == (try site(for: "CN=device").accept("POST /channel/mine", json, key)).key)
        let secret = try site.accept("POST /channel/mine", json, key, authorization)
        #expect(device.key != nil && secret.key != nil && device.key != secret.key)
    }
}
