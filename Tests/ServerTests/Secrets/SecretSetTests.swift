// What a presented secret may do: several at once, scopes that add up, expiry, and secrets that were just
// made.

import Bytes
import TLS
import Testing

@testable import Server

@Suite struct SecretSetTests {
    private func entry(_ secret: String, _ patterns: String, expiresAt seconds: UInt64? = nil) throws
        -> SecretEntry
    {
        SecretEntry(
            name: "n", secret: Array(secret.utf8).span,
            patterns: try SecretEntry.patterns(Array(patterns.utf8).span),
            expiry: seconds.map { SecretExpiry(secondsSinceEpoch: $0) })
    }

    private func access(_ set: SecretSet, _ secret: String, _ channel: String) -> SecretSet.Access {
        set.access(with: Array(secret.utf8).span, to: Array(channel.utf8).span, nowMilliseconds: 5_000)
    }

    private func certificate(_ subject: String, notAfterSeconds: Int64 = 100) -> ClientCertificate {
        ClientCertificate(subject: Array(subject.utf8), notAfterSeconds: notAfterSeconds)
    }

    private func access(_ set: SecretSet, _ client: ClientCertificate, _ channel: String) -> SecretSet.Access
    {
        set.access(of: client, to: Array(channel.utf8).span, nowMilliseconds: 5_000)
    }

    @Test func certificatesHaveScopes() throws {
        let text = """
            a subject:CN=a kitchen
            secret \(String(repeating: "ab", count: 32)) *
            b subject:CN=b * 4
            a-too subject:CN=a hall-* 6
            """
        let set = SecretSet(try SecretFile.entries(in: Array(text.utf8).span, named: "secrets"))
        #expect(access(set, certificate("CN=a"), "kitchen") == .allowed)
        #expect(access(set, certificate("CN=a"), "hall-1") == .allowed)
        #expect(access(set, certificate("CN=a"), "bath") == .otherChannels)
        // Its line has expired, or the certificate itself.
        #expect(access(set, certificate("CN=b"), "kitchen") == .unknown)
        #expect(access(set, certificate("CN=a", notAfterSeconds: 4), "kitchen") == .unknown)
        #expect(access(set, certificate("CN=a", notAfterSeconds: 5), "kitchen") == .allowed)
        for subject in ["CN=c", "CN=a,O=x", "cn=a", "CN=A", "", "a", "subject:CN=a"] {
            #expect(access(set, certificate(subject), "kitchen") == .unknown)
        }
    }

    @Test func aSubjectIsNoSecret() throws {
        let entries = try SecretFile.entries(in: Array("a subject:CN=a *".utf8).span, named: "secrets")
        let set = SecretSet(entries)
        for secret in ["CN=a", "subject:CN=a", ""] { #expect(access(set, secret, "kitchen") == .unknown) }
        let secret = try SecretSet([entry("CN=a", "*")])
        #expect(access(secret, certificate("CN=a"), "kitchen") == .unknown)
    }

    @Test func digestIsSHA256() throws {
        // FIPS 180-2, appendix B.1.
        let digest = Hex.octets(
            Array("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".utf8).span)
        #expect(try entry("abc", "*").proof == .secret(digest: #require(digest)))
    }

    @Test func scopes() throws {
        let set = SecretSet([
            try entry("one", "a,b-*"), try entry("two", "*"), try entry("three", "c"),
            try entry("three", "d"),
        ])
        #expect(access(set, "one", "a") == .allowed)
        #expect(access(set, "one", "b-1") == .allowed)
        #expect(access(set, "one", "c") == .otherChannels)
        #expect(access(set, "two", "c") == .allowed)
        #expect(access(set, "three", "c") == .allowed)
        #expect(access(set, "three", "d") == .allowed)
        #expect(access(set, "three", "a") == .otherChannels)
        for wrong in ["", "on", "one ", "ONE", "four"] { #expect(access(set, wrong, "a") == .unknown) }
        #expect(access(SecretSet([]), "one", "a") == .unknown)
    }

    /// An expired entry is as if it were not there; a newer one with the same secret still counts.
    @Test func expiry() throws {
        let old = try entry("one", "*", expiresAt: 5)
        #expect(access(SecretSet([old]), "one", "a") == .unknown)
        #expect(access(SecretSet([try entry("one", "*", expiresAt: 6)]), "one", "a") == .allowed)
        #expect(access(SecretSet([old, try entry("one", "b")]), "one", "a") == .otherChannels)
    }

    @Test func generatedSecrets() throws {
        let secrets = Set((0..<20).map { _ in SecretGenerator.secret() })
        #expect(secrets.count == 20)
        for secret in secrets {
            #expect(secret.utf8.count == 43)
            let isURLSafe = secret.utf8.allSatisfy { octet in
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= octet
                    || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= octet
                    || UInt8(ascii: "0")...UInt8(ascii: "9") ~= octet || octet == UInt8(ascii: "-")
                    || octet == UInt8(ascii: "_")
            }
            #expect(isURLSafe)
        }
        let secret = try #require(secrets.first)
        #expect(access(SecretSet([try entry(secret, "*")]), secret, "a") == .allowed)
    }
}
