// Clients' certificates: whom the session takes a client for, with which alert one is refused whose
// certificate does not verify, and that a resumed session knows its client as the first one did.
import COpenSSL
import Testing

@testable import TLS

struct ClientCertificateTests {
    private let identity = Identity(names: ["a.example"])
    private let authority = Authority("authority")
    private let other = Authority("other")
    private static let versions = [TLS1_2_VERSION, TLS1_3_VERSION]

    private func context(
        _ authorityFile: String? = nil, _ keys: TicketKeys = TicketKeys(nowMilliseconds: 0)
    ) throws -> TLSContext {
        try TLSContext(
            certificates: [identity.files], clientAuthorityFile: authorityFile ?? authority.file,
            ticketKeys: keys, applicationProtocols: ["http/1.1"], nowSeconds: Identity.nowSeconds)
    }

    private func visit(
        _ context: TLSContext, _ version: Int32, _ certificate: CertificateFiles?,
        resuming session: Client.Session? = nil
    ) -> Pair {
        let offer = Client.Offer(
            versions: version...version, serverName: "a.example", certificate: certificate)
        let pair = Pair(context, Client(offer, resuming: session))
        pair.run()
        return pair
    }

    private func expectRefusal(
        _ context: TLSContext, _ version: Int32, _ files: CertificateFiles, alert: UInt8
    ) {
        let pair = visit(context, version, files)
        guard case .failed(let failure) = pair.progress else {
            Issue.record("the session goes on: \(pair.progress)")
            return
        }
        #expect(failure.cause.contains("certificate verify failed"))
        #expect(failure.alertSent == alert)
        #expect(pair.client.failure?.contains("alert") == true)
        #expect(!pair.isHandshakeComplete)
    }

    @Test(arguments: versions)
    func aClientIsKnownByItsSubject(version: Int32) throws {
        let device = authority.issue("/O=Acme/CN=device-1", ["extendedKeyUsage=clientAuth"])
        let pair = visit(try context(), version, device)
        try #require(pair.progress == .open)
        let client = try #require(pair.clientCertificate)
        #expect(String(decoding: client.subject, as: UTF8.self) == "CN=device-1,O=Acme")
        let file = try ClientCertificate(file: device.certificate)
        #expect(client == file)
        #expect(client.notAfterSeconds > Identity.nowSeconds)
    }

    @Test(arguments: [
        ("/CN=a, b", #"CN=a\, b"#), ("/CN=x/O=y", "O=y,CN=x"), ("/CN=x+O=y", "O=y+CN=x"),
        ("/CN=Gerät", "CN=Gerät"), ("/CN=a\\/O=b", #"CN=a/O=b"#), ("/CN=a,O=b", #"CN=a\,O=b"#),
    ])
    func noTwoSubjectsHaveTheSameText(subject: String, text: String) throws {
        let files = authority.issue(subject)
        let client = try ClientCertificate(file: files.certificate)
        #expect(String(decoding: client.subject, as: UTF8.self) == text)
    }

    @Test(arguments: versions)
    func aClientNeedNotHaveACertificate(version: Int32) throws {
        let pair = visit(try context(), version, nil)
        #expect(pair.progress == .open)
        #expect(pair.clientCertificate == nil)
    }

    @Test(arguments: versions)
    func withoutAuthoritiesNoneIsAskedFor(version: Int32) throws {
        let pair = visit(try identity.context(), version, authority.issue("/CN=device-1"))
        #expect(pair.progress == .open)
        #expect(pair.clientCertificate == nil)
    }

    @Test(arguments: versions)
    func whatDoesNotVerifyGetsTheAlertForThat(version: Int32) throws {
        let context = try context()
        // RFC 8446 section 6.2: unknown_ca, decrypt_error, certificate_expired, unsupported_certificate.
        let stranger = other.issue("/CN=device-1")
        expectRefusal(context, version, stranger, alert: 48)
        expectRefusal(context, version, identity.files, alert: 48)
        let impostor = Authority("authority")
        expectRefusal(context, version, impostor.issue("/CN=device-1"), alert: 51)
        expectRefusal(context, version, authority.issue("/CN=device-1", days: -1), alert: 45)
        let server = authority.issue("/CN=device-1", ["extendedKeyUsage=serverAuth"])
        expectRefusal(context, version, server, alert: 43)
    }

    @Test(arguments: versions)
    func anAuthorityBelowAnotherIsTrustedByItself(version: Int32) throws {
        let below = Authority("below", below: authority)
        let device = below.issue("/CN=device-1")
        let pair = visit(try context(below.file), version, device)
        #expect(pair.progress == .open)
        #expect(pair.clientCertificate != nil)
        // The one above it needs the client to send the one between.
        expectRefusal(try context(), version, device, alert: 48)
        let chain = Scratch.text(of: device.certificate) + Scratch.text(of: below.file)
        let whole = below.scratch.write(Array(chain.utf8), to: "chain.pem")
        let again = visit(try context(), version, CertificateFiles(certificate: whole, key: device.key))
        #expect(again.progress == .open)
        #expect(again.clientCertificate == pair.clientCertificate)
    }

    @Test(arguments: versions)
    func aResumedSessionKnowsItsClient(version: Int32) throws {
        let keys = TicketKeys(nowMilliseconds: 0)
        let first = visit(try context(nil, keys), version, authority.issue("/CN=device-1"))
        try #require(first.progress == .open)
        // The ticket alone; the client has no certificate now.
        let again = visit(try context(nil, keys), version, nil, resuming: first.client.session)
        #expect(again.progress == .open)
        #expect(again.wasResumed)
        #expect(again.clientCertificate == first.clientCertificate)
        #expect(again.clientCertificate != nil)
    }

    @Test(arguments: versions)
    func aSessionIsNotResumedUnderOtherAuthorities(version: Int32) throws {
        let keys = TicketKeys(nowMilliseconds: 0)
        let device = authority.issue("/CN=device-1")
        let first = visit(try context(nil, keys), version, device)
        try #require(first.progress == .open)
        let stranger = visit(try context(other.file, keys), version, nil, resuming: first.client.session)
        #expect(stranger.progress == .open)
        #expect(!stranger.wasResumed)
        #expect(stranger.clientCertificate == nil)
        // Nor one of a time without authorities, in which nobody was asked.
        let unknown = visit(try identity.context(ticketKeys: keys), version, device)
        let asked = visit(try context(nil, keys), version, device, resuming: unknown.client.session)
        #expect(!asked.wasResumed)
        #expect(asked.clientCertificate != nil)
    }

    @Test(arguments: versions)
    func everyHostAsksForCertificates(version: Int32) throws {
        let second = Identity(names: ["b.example"])
        let context = try TLSContext(
            certificates: [second.files, identity.files], clientAuthorityFile: authority.file,
            ticketKeys: TicketKeys(nowMilliseconds: 0), applicationProtocols: ["http/1.1"],
            nowSeconds: Identity.nowSeconds)
        let device = authority.issue("/CN=device-1")
        let pair = visit(context, version, device)
        #expect(pair.client.peerSubject == "CN=a.example")
        #expect(pair.clientCertificate != nil)
        expectRefusal(context, version, other.issue("/CN=device-1"), alert: 48)
    }

    @Test func aFileWithoutAuthoritiesIsNamed() {
        let leaf = authority.issue("/CN=device-1", ["basicConstraints=CA:FALSE"]).certificate
        for (file, words) in [
            ("/nowhere/ca.pem", "No such file"), (identity.keyFile, "no certificate"),
            (leaf, "certificate 1 is no authority's"),
        ] {
            let error = #expect(throws: TLSError.self) { try context(file) }
            #expect(error?.subject == file)
            #expect(error?.problem.contains(words) == true, "\(error?.problem ?? "")")
        }
    }

    @Test func theFileMayHaveSeveral() throws {
        let text = Scratch.text(of: authority.file) + Scratch.text(of: other.file)
        let both = try context(other.scratch.write(Array(text.utf8), to: "both.pem"))
        #expect(both.clientAuthorities.map(\.subject) == ["CN=authority", "CN=other"])
        for device in [authority.issue("/CN=device-1"), other.issue("/CN=device-1")] {
            #expect(visit(both, TLS1_3_VERSION, device).clientCertificate != nil)
        }
    }
}
