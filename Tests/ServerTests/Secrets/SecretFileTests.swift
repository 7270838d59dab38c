// The secret file as text: what a line may say, that every fault names the file and the line and repeats
// nothing of it, and that adding and revoking change one line only.

import Bytes
import Testing

@testable import Server

@Suite struct SecretFileTests {
    private static let digest = String(repeating: "ab", count: 32)

    private func entries(_ text: String) throws -> [SecretEntry] {
        try SecretFile.entries(in: Array(text.utf8).span, named: "secrets")
    }

    private func adding(_ entry: SecretEntry, to text: String) throws -> String {
        let file = try SecretFile.adding(entry, to: Array(text.utf8).span, named: "secrets")
        return String(decoding: file, as: UTF8.self)
    }

    @Test func linesAreRead() throws {
        let text = """
            # who may post

            camera \(Self.digest) *
            \troom1  \(Self.digest.uppercased()) room1-*,hall 2027-01-01 # until the new year\r
            last \(Self.digest) a%20b 1800000000
            """
        let entries = try entries(text)
        #expect(entries.map(\.name) == ["camera", "room1", "last"])
        #expect(entries.allSatisfy { $0.proof == .secret(digest: [UInt8](repeating: 0xAB, count: 32)) })
        #expect(entries[0].expiry == nil)
        #expect(entries[1].patterns.map(\.text) == ["room1-*", "hall"])
        #expect(entries[1].expiry?.secondsSinceEpoch == 1_798_761_600)
        #expect(entries[2].expiry?.secondsSinceEpoch == 1_800_000_000)
        #expect(try self.entries("").isEmpty)
        #expect(try self.entries("# none yet\n").isEmpty)
    }

    @Test(arguments: [
        ("subject:CN=device-1", "CN=device-1"),
        ("subject:CN=device%201,O=Acme%2C%20Inc", "CN=device 1,O=Acme, Inc"),
        ("subject:CN=100%25", "CN=100%"), ("subject:CN=%2A", "CN=*"), ("subject:CN=Ger%C3%A4t", "CN=Gerät"),
        (#"subject:CN=a\,b"#, #"CN=a\,b"#), ("subject:CN=a#b", "CN=a#b"),
    ])
    func aLineMayBeForCertificates(column: String, subject: String) throws {
        let entry = try #require(
            try entries("device-1 \(column) kitchen,hall-* 2027-01-01 # the old one\n").first)
        #expect(entry.proof == .certificate(subject: Array(subject.utf8)))
        #expect(entry.name == "device-1")
        #expect(entry.patterns.map(\.text) == ["kitchen", "hall-*"])
        #expect(entry.expiry?.secondsSinceEpoch == 1_798_761_600)
        #expect(try entries(entry.line) == [entry])
    }

    @Test func whatASubjectCannotCarryIsEscaped() throws {
        let entry = SecretEntry(
            name: "a", proof: .certificate(subject: Array("CN=ä b%*\n#".utf8)), patterns: [.all], expiry: nil)
        #expect(entry.line == "a subject:CN=%c3%a4%20b%25%2a%0a# *")
        #expect(try entries(entry.line) == [entry])
    }

    @Test(arguments: [
        ("hunter2", SecretLineFault.columnsMissing), ("hunter2 *", .columnsMissing),
        ("name hunter2 *", .digest), ("name \(digest)0 *", .digest), ("name \(digest)ab *", .digest),
        ("hünter2 \(digest) *", .name), ("\(String(repeating: "n", count: 65)) \(digest) *", .name),
        ("name subject: *", .digest), ("name subject:hunter2 *", .subject),
        ("name subject:CN=hunter2%2 *", .subject), ("name subject:CN=hunter2-* *", .subject),
        ("name Subject:CN=hunter2 *", .digest), ("name subject:CN=hunter2", .columnsMissing),
        ("name \(digest) a,", .pattern), ("name \(digest) hunter2%2", .pattern),
        ("name \(digest) * hunter2", .expiry), ("name \(digest) a hunter2 2027-01-01", .columnsExtra),
    ])
    func faultsNameTheLineAndNothingOfIt(line: String, fault: SecretLineFault) throws {
        let error = try #require(throws: SecretFileError.self) { try entries("\n# x\n\(line)\n") }
        #expect(error == SecretFileError(file: "secrets", line: 3, advice: fault.advice))
        #expect(error.description.hasPrefix("secrets, line 3: "))
        #expect(!error.description.contains("hunter2"))
    }

    @Test func aNameStandsOnce() throws {
        let error = try #require(throws: SecretFileError.self) {
            try entries("a \(Self.digest) *\n\na \(Self.digest) b\n")
        }
        #expect(
            error.description
                == "secrets, line 3: the name is that of line 1; give each secret a name of its own")
    }

    @Test func sizeAndNumberAreBounded() throws {
        let many = (0..<1000).map { "n\($0) \(Self.digest) *\n" }.joined()
        #expect(try entries(many).count == 1000)
        let error = try #require(throws: SecretFileError.self) { try entries(many + "one \(Self.digest) *") }
        #expect(error.line == 1001)
        #expect(throws: SecretFileError.self) { try entries(String(repeating: "#", count: 1 << 20 + 1)) }
    }

    @Test(arguments: ["", "# mine\n", "# mine"])
    func addingAppendsALine(before: String) throws {
        let entry = SecretEntry(
            name: "new", proof: .secret(digest: [UInt8](repeating: 0xAB, count: 32)),
            patterns: try SecretEntry.patterns(Array("room 1-*,*".utf8).span),
            expiry: SecretExpiry(secondsSinceEpoch: 1_798_761_600))
        let after = try adding(entry, to: before)
        let start = before.isEmpty || before.hasSuffix("\n") ? before : before + "\n"
        #expect(
            after
                == start + "new \(Self.digest) room%201-*,* 2027-01-01T00:00:00Z\n")
        #expect(try entries(after).last == entry)
        #expect(throws: SecretFileError.self) { try adding(entry, to: after) }
    }

    @Test func revokingRemovesOneLine() throws {
        let text = "# a\na \(Self.digest) *\r\n\nb \(Self.digest) * # b\nc \(Self.digest) *"
        let without = { name in
            let file = try SecretFile.revoking(name, in: Array(text.utf8).span, named: "secrets")
            return String(decoding: file, as: UTF8.self)
        }
        #expect(try without("a") == "# a\n\nb \(Self.digest) * # b\nc \(Self.digest) *")
        #expect(try without("b") == "# a\na \(Self.digest) *\r\n\nc \(Self.digest) *")
        #expect(try without("c") == "# a\na \(Self.digest) *\r\n\nb \(Self.digest) * # b\n")
        #expect(throws: SecretFileError.self) { try without("d") }
    }
}
