// The self-signed certificate: what it says is what was asked for, OpenSSL's own tool verifies it as its own
// anchor, and names that can't stand in one are refused.
import Bytes
import Testing

@testable import TLS

struct SelfSignedCertificateTests {
    private static let now: Int64 = 1_800_000_000

    @Test func itSaysWhatWasAsked() throws {
        let names = ["localhost", "*.example.org", "127.0.0.1", "2001:db8::1"]
        let made = try SelfSignedCertificate.make(names: names, days: 90, nowSeconds: Self.now)
        let facts = try CertificateFacts(pem: made.certificate.span)
        #expect(facts.subject == "CN=localhost")
        #expect(facts.issuer == facts.subject)
        #expect(facts.names == names)
        #expect(facts.keyType == "EC P-256")
        #expect(facts.notBeforeSeconds == Self.now - 3600)
        #expect(facts.notAfterSeconds == Self.now + 90 * 86_400)
        #expect(facts.fingerprint.utf8.count == 64)
        let scratch = Scratch()
        let path = scratch.write(made.certificate, to: "certificate.pem")
        #expect(try CertificateFacts(certificateFile: path) == facts)
        let (_, printed) = Command(
            [
                "openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256", "-ext",
                "basicConstraints,extendedKeyUsage",
            ],
            in: scratch
        ).finish()
        let digits = printed.split(separator: "\n")[0].split(separator: "=")[1].filter { $0 != ":" }
            .lowercased()
        #expect(digits == facts.fingerprint)
        #expect(printed.contains("CA:FALSE"))
        #expect(printed.contains("TLS Web Server Authentication"))
    }

    @Test func itIsItsOwnAnchor() throws {
        let scratch = Scratch()
        let made = try SelfSignedCertificate.make(
            names: ["localhost", "::1"], days: 1, nowSeconds: Identity.nowSeconds)
        let path = scratch.write(made.certificate, to: "certificate.pem")
        for name in [["-verify_hostname", "localhost"], ["-verify_ip", "::1"]] {
            let words =
                ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", path] + name + [
                    path
                ]
            let (status, output) = Command(words, in: scratch).finish()
            #expect(status == 0, "\(output)")
        }
        let words = ["openssl", "verify", "-CAfile", path, "-verify_hostname", "elsewhere", path]
        #expect(Command(words, in: scratch).finish().status != 0)
    }

    @Test func eachHasItsOwnKeyAndNumber() throws {
        let one = try SelfSignedCertificate.make(names: ["a"], days: 1, nowSeconds: Self.now)
        let other = try SelfSignedCertificate.make(names: ["a"], days: 1, nowSeconds: Self.now)
        #expect(one.key != other.key)
        #expect(one.certificate != other.certificate)
    }

    @Test func aLongNameStandsAmongTheAlternatives() throws {
        let name = String(repeating: "abcdefghi.", count: 20) + "example"
        let made = try SelfSignedCertificate.make(names: [name], days: 1, nowSeconds: Self.now)
        let facts = try CertificateFacts(pem: made.certificate.span)
        #expect(facts.names == [name])
        #expect(facts.subject == "CN=SyncStreamer")
    }

    @Test(arguments: [
        "", "a b", "a,DNS:b", "a/CN=b", "a..b", ".a", "*", "a.*.b", "*a.b", "a\nb", "ä.example", "http://a",
        "a:443",
        String(repeating: "a", count: 64), String(repeating: "abcdefghi.", count: 26) + "a",
    ])
    func otherNamesAreRefused(name: String) {
        #expect(throws: TLSError.self) {
            try SelfSignedCertificate.make(names: ["localhost", name], days: 1, nowSeconds: Self.now)
        }
    }

    @Test func noNameOrNoTimeIsRefused() {
        #expect(throws: TLSError.self) {
            try SelfSignedCertificate.make(names: [], days: 1, nowSeconds: Self.now)
        }
        for days in [0, -1, 3651] {
            #expect(throws: TLSError.self) {
                try SelfSignedCertificate.make(names: ["a"], days: days, nowSeconds: Self.now)
            }
        }
    }
}
