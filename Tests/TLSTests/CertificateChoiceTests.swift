// Which of several certificates a host gets: first the choice alone, as values; then in handshakes, where the
// client sees whose certificate it is, with keys of both kinds, and tickets that are good for every host.
import COpenSSL
import Testing

@testable import TLS

struct CertificateChoiceTests {
    /// A choice among certificates written as `kind: name name`.
    private func choice(_ certificates: String...) -> CertificateChoice {
        CertificateChoice(
            certificates.map { line in
                let parts = line.split(separator: ":")
                let names = parts.count == 2 ? parts[1].split(separator: " ").map(String.init) : []
                return .init(names: names, keyKind: parts[0] == "RSA" ? EVP_PKEY_RSA : EVP_PKEY_EC)
            })
    }

    private func group(_ choice: CertificateChoice, _ host: String) -> [Int] {
        choice.groups[choice.position(for: host)]
    }

    @Test func aHostGetsTheCertificateWithItsName() {
        let choice = choice("EC: a.example", "EC: b.example www.b.example")
        #expect(group(choice, "a.example") == [0])
        #expect(group(choice, "b.example") == [1])
        #expect(group(choice, "WWW.B.Example") == [1])
        #expect(choice.unused(of: 2) == [])
    }

    @Test(arguments: ["", "c.example", "example", ".", ".a.example", "x.a.example", "a.example.", "*", "*.a"])
    func whatNoneIsForGetsTheFirst(host: String) {
        let choice = choice("EC: a.example", "EC: b.example")
        #expect(choice.position(for: host) == 0)
        #expect(choice.groups[0] == [0])
    }

    @Test func anAsteriskStandsForOneLabel() {
        let choice = choice("EC: a.example", "EC: *.b.example")
        #expect(group(choice, "x.b.example") == [1])
        #expect(group(choice, "X.B.EXAMPLE") == [1])
        #expect(group(choice, "b.example") == [0])
        #expect(group(choice, "x.y.b.example") == [0])
        #expect(group(choice, ".b.example") == [0])
    }

    @Test func theNameItselfGoesBeforeAnAsteriskAndTheFirstBeforeTheSecond() {
        let choice = choice(
            "EC: a.example", "EC: *.b.example", "EC: x.b.example", "EC: x.b.example c.example")
        #expect(group(choice, "x.b.example") == [2])
        #expect(group(choice, "y.b.example") == [1])
        #expect(group(choice, "c.example") == [3])
    }

    @Test func aHostMayHaveKeysOfBothKinds() {
        let choice = choice("RSA: a.example", "EC: b.example", "EC: a.example", "RSA: *.example")
        #expect(choice.groups[0] == [0, 2])
        #expect(group(choice, "a.example") == [0, 2])
        // The name itself with one kind, by an asterisk with the other.
        #expect(group(choice, "b.example") == [1, 3])
        #expect(group(choice, "c.example") == [3])
        #expect(group(choice, "c.test") == [0, 2])
    }

    @Test func theFirstMayHaveNoName() {
        let choice = choice("EC", "EC: b.example")
        #expect(choice.groups[0] == [0])
        #expect(group(choice, "b.example") == [1])
    }

    @Test func whatNoClientWouldGetIsTold() {
        #expect(choice("EC: a.example b.example", "EC: b.example").unused(of: 2) == [1])
        #expect(choice("EC: a.example", "EC").unused(of: 2) == [1])
        #expect(choice("EC: a.example", "RSA: a.example").unused(of: 2) == [])
    }
}

struct SeveralCertificatesTests {
    private let first = Identity(names: ["a.example"])
    private let second = Identity(names: ["b.example", "*.b.example"])
    private static let versions = [TLS1_2_VERSION, TLS1_3_VERSION]

    /// The same names as `first`, with an RSA key.
    private func rsa() -> CertificateFiles {
        let (certificate, key) = (first.scratch.file("rsa.pem"), first.scratch.file("rsa.key"))
        Command.run(
            [
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=rsa", "-days", "30",
                "-addext", "subjectAltName=DNS:a.example", "-keyout", key, "-out", certificate,
            ], in: first.scratch)
        return CertificateFiles(certificate: certificate, key: key)
    }

    private func context(
        _ files: [CertificateFiles], _ keys: TicketKeys = TicketKeys(nowMilliseconds: 0)
    ) throws -> TLSContext {
        try TLSContext(
            certificates: files, ticketKeys: keys, applicationProtocols: ["http/1.1"],
            nowSeconds: Identity.nowSeconds)
    }

    private func visit(
        _ context: TLSContext, _ version: Int32, _ host: String?, suites12: String? = nil,
        resuming session: Client.Session? = nil
    ) throws -> Pair {
        let offer = Client.Offer(
            versions: version...version, suites12: suites12, protocols: ["http/1.1"], serverName: host)
        let pair = Pair(context, Client(offer, resuming: session))
        pair.run()
        try #require(pair.progress == .open)
        #expect(pair.server.agreement?.applicationProtocol == "http/1.1")
        return pair
    }

    @Test(arguments: versions)
    func aClientSeesTheCertificateOfTheHostItNames(version: Int32) throws {
        let context = try context([first.files, second.files])
        for (host, subject) in [
            ("a.example", "CN=a.example"), ("b.example", "CN=b.example"), ("x.b.example", "CN=b.example"),
            ("B.EXAMPLE", "CN=b.example"), ("other.example", "CN=a.example"), (nil, "CN=a.example"),
        ] {
            let pair = try visit(context, version, host)
            #expect(pair.client.peerSubject == subject, "\(host ?? "no name")")
            #expect(pair.server.agreement?.serverName == host)
        }
        #expect(context.certificates.map(\.subject) == ["CN=a.example", "CN=b.example"])
    }

    @Test(arguments: versions)
    func aTicketIsGoodForItsHostAlsoAfterAReload(version: Int32) throws {
        let keys = TicketKeys(nowMilliseconds: 0)
        for host in ["a.example", "b.example", nil] {
            let session = try visit(context([first.files, second.files], keys), version, host).client.session
            let again = try visit(
                context([first.files, second.files], keys), version, host, resuming: session)
            #expect(again.wasResumed)
            #expect(again.client.wasResumed)
        }
    }

    @Test func theKeySuitsTheClient() throws {
        let context = try context([first.files, rsa()])
        for host in ["a.example", nil] {
            let both = try visit(context, TLS1_2_VERSION, host)
            #expect(both.client.peerSubject == "CN=a.example")
            let old = try visit(context, TLS1_2_VERSION, host, suites12: "ECDHE-RSA-AES128-GCM-SHA256")
            #expect(old.client.peerSubject == "CN=rsa")
            let new = try visit(context, TLS1_2_VERSION, host, suites12: "ECDHE-ECDSA-AES128-GCM-SHA256")
            #expect(new.client.peerSubject == "CN=a.example")
        }
    }

    @Test func aCertificateThatNoClientWouldGetIsRefused() throws {
        let twin = Identity(names: ["a.example"])
        let error = #expect(throws: TLSError.self) { try context([first.files, twin.files]) }
        #expect(error?.subject == twin.certificateFile)
        #expect(error?.problem.contains("no client would get this certificate") == true)
    }

    @Test func oneBrokenFileIsNamed() {
        let broken = CertificateFiles(certificate: second.certificateFile, key: first.keyFile)
        let error = #expect(throws: TLSError.self) { try context([first.files, broken]) }
        #expect(error?.subject == first.keyFile)
    }
}
