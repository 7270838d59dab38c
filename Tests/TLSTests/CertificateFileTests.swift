// Certificate and key files, good and bad: chains by the openssl command, RSA and EC keys, and for every way
// to get the files wrong an error that names the file at fault and what to do.
import COpenSSL
import Testing

@testable import TLS

struct CertificateFileTests {
    private let identity = Identity()
    private var scratch: Scratch { identity.scratch }

    private func openssl(_ words: String) {
        Command.run(["openssl"] + words.split(separator: " ").map(String.init), in: scratch)
    }

    /// An authority, an intermediate one, and a server's certificate with an RSA key below that, in files.
    private func makeChain() -> (leaf: String, intermediate: String, root: String, key: String) {
        let authority = scratch.write(Array("basicConstraints=critical,CA:TRUE\n".utf8), to: "authority.cnf")
        let server = scratch.write(Array("subjectAltName=DNS:frames.example\n".utf8), to: "server.cnf")
        let name = { (name: String) in scratch.file(name) }
        for subject in ["root", "intermediate"] {
            openssl("ecparam -name prime256v1 -genkey -noout -out \(name(subject + ".key"))")
        }
        openssl("genrsa -out \(name("leaf.key")) 2048")
        openssl("req -new -x509 -key \(name("root.key")) -subj /CN=root -days 30 -out \(name("root.pem"))")
        for (subject, issuer, extensions) in [
            ("intermediate", "root", authority), ("leaf", "intermediate", server),
        ] {
            openssl(
                "req -new -key \(name(subject + ".key")) -subj /CN=\(subject) -out \(name(subject + ".csr"))")
            openssl(
                "x509 -req -in \(name(subject + ".csr")) -CA \(name(issuer + ".pem"))"
                    + " -CAkey \(name(issuer + ".key")) -set_serial 7 -days 30"
                    + " -extfile \(extensions) -out \(name(subject + ".pem"))"
            )
        }
        return (name("leaf.pem"), name("intermediate.pem"), name("root.pem"), name("leaf.key"))
    }

    private func join(_ paths: String..., to name: String) -> String {
        scratch.write(Array(paths.map { Scratch.text(of: $0) }.joined().utf8), to: name)
    }

    private func load(_ certificateFile: String, _ keyFile: String, nowSeconds: Int64 = Identity.nowSeconds)
        throws
        -> TLSContext
    {
        try TLSContext(
            certificates: [CertificateFiles(certificate: certificateFile, key: keyFile)],
            ticketKeys: TicketKeys(nowMilliseconds: 0), applicationProtocols: ["http/1.1"],
            nowSeconds: nowSeconds)
    }

    /// Expects loading to fail because of one file, for a reason that holds `words`.
    private func expectFault(
        of subject: String, _ words: String, _ certificateFile: String, _ keyFile: String,
        nowSeconds: Int64 = Identity.nowSeconds
    ) {
        let error = #expect(throws: TLSError.self) {
            try load(certificateFile, keyFile, nowSeconds: nowSeconds)
        }
        #expect(error?.subject == subject)
        #expect(error?.problem.contains(words) == true, "\(error?.problem ?? "")")
        #expect(error?.advice.isEmpty == false)
    }

    @Test func anRSAChainIsSentWhole() throws {
        let chain = makeChain()
        let file = join(chain.leaf, chain.intermediate, to: "chain.pem")
        let context = try load(file, chain.key)
        let facts = context.certificates[0]
        #expect(facts.subject == "CN=leaf")
        #expect(facts.issuer == "CN=intermediate")
        #expect(facts.names == ["frames.example"])
        #expect(facts.keyType == "RSA 2048")
        let listener = Listener()
        let client = Command(
            [
                "openssl", "s_client", "-connect", "127.0.0.1:\(listener.port)", "-ign_eof", "-CAfile",
                chain.root,
                "-verify_return_error", "-verify_hostname", "frames.example", "-tls1_2",
            ], input: "question\n", in: scratch)
        _ = listener.serve(context, answer: Array("answer\n".utf8))
        let (status, output) = client.finish()
        #expect(status == 0, "\(output)")
        #expect(output.contains("ECDHE-RSA-AES128-GCM-SHA256"))
    }

    @Test func chainsInTheWrongOrderAreRefused() throws {
        let chain = makeChain()
        let reversed = join(chain.intermediate, chain.leaf, to: "reversed.pem")
        expectFault(of: reversed, "the key belongs to certificate 2", reversed, chain.key)
        let gap = join(chain.leaf, chain.root, to: "gap.pem")
        expectFault(of: gap, "certificate 2 did not issue certificate 1", gap, chain.key)
        _ = try load(join(chain.leaf, chain.intermediate, chain.root, to: "whole.pem"), chain.key)
    }

    @Test func aKeyOfAnotherCertificateIsRefused() {
        let other = Identity()
        expectFault(of: other.keyFile, "does not belong", identity.certificateFile, other.keyFile)
    }

    @Test func missingFilesAreNamed() {
        expectFault(of: "/nowhere/c.pem", "No such file or directory", "/nowhere/c.pem", identity.keyFile)
        expectFault(
            of: "/nowhere/k.pem", "No such file or directory", identity.certificateFile, "/nowhere/k.pem")
    }

    @Test func filesWithoutPEMAreNamed() {
        let empty = scratch.write([], to: "empty.pem")
        expectFault(of: empty, "no certificate", empty, identity.keyFile)
        expectFault(of: empty, "no private key", identity.certificateFile, empty)
        expectFault(of: identity.keyFile, "no certificate", identity.keyFile, identity.keyFile)
        expectFault(
            of: identity.certificateFile, "no private key", identity.certificateFile, identity.certificateFile
        )
        expectFault(of: scratch.path, "", scratch.path, identity.keyFile)
    }

    @Test func aBrokenCertificateIsNamedByItsNumber() {
        let text = Scratch.text(of: identity.certificateFile)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let cut = lines.prefix(4) + lines.suffix(2)
        let broken = scratch.write(Array((text + cut.joined(separator: "\n")).utf8), to: "broken.pem")
        expectFault(of: broken, "certificate 2 is broken", broken, identity.keyFile)
    }

    @Test func anEncryptedKeyIsRefusedWithoutAsking() {
        let encrypted = scratch.file("encrypted.pem")
        openssl("pkey -in \(identity.keyFile) -aes128 -passout pass:secret -out \(encrypted)")
        expectFault(of: encrypted, "encrypted", identity.certificateFile, encrypted)
    }

    @Test func certificatesOutsideTheirTimeAreRefused() throws {
        let facts = try CertificateFacts(certificateFile: identity.certificateFile)
        let (file, key) = (identity.certificateFile, identity.keyFile)
        _ = try load(file, key, nowSeconds: facts.notBeforeSeconds)
        _ = try load(file, key, nowSeconds: facts.notAfterSeconds)
        expectFault(of: file, "valid only from", file, key, nowSeconds: facts.notBeforeSeconds - 1)
        expectFault(of: file, "expired on", file, key, nowSeconds: facts.notAfterSeconds + 1)
    }

    @Test func aWeakKeyIsRefused() {
        let (certificate, key) = (scratch.file("weak.pem"), scratch.file("weak.key"))
        openssl(
            "req -x509 -newkey rsa:1024 -nodes -subj /CN=weak -days 30 -keyout \(key) -out \(certificate)")
        expectFault(of: certificate, "key too small", certificate, key)
    }
}
