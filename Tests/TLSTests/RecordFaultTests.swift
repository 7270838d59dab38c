// What a peer's records may not be, and how the session ends then; and what of it is well. A peer of our own
// seals them, since no library would.
import Bytes
import COpenSSL
import Testing

@testable import TLS

struct RecordFaultTests {
    private static var suite: CipherSuite { CipherSuite(number: 0x1301)! }
    private static let clientSecret = String(repeating: "9e40646c", count: 8)
    private static let serverSecret = String(repeating: "a11af9f0", count: 8)

    private static func secret(_ digits: String) -> TrafficSecret {
        let digits = Array(digits.utf8)
        return TrafficSecret(hexadecimal: digits.span)!
    }

    /// Records under test, and a peer that seals what it is told to.
    private struct Ends: ~Copyable {
        var records = ProtectedRecords(
            suite, receiving: secret(clientSecret), sending: secret(serverSecret), recordsSent: 0)
        var peer = RecordCipher(suite, secret(clientSecret), for: .sealing)
        var sent = Buffer()
        var plaintext = Buffer()
        var replies = Buffer()
        var permits = ProtectedRecords.Permits(stepsLeft: PeerAllowance.stepCountMax, mayReply: true)

        /// Zeros behind the type are padding.
        mutating func seal(_ content: [UInt8], _ type: UInt8, paddingByteCount: Int = 0) {
            let inner = content + (paddingByteCount > 0 ? [type] : [])
            let padded = inner + [UInt8](repeating: 0, count: max(0, paddingByteCount - 1))
            precondition(peer.seal(padded.span, as: paddingByteCount > 0 ? 0 : type, into: &sent))
        }

        var taken: [UInt8] { plaintext.octets.copied() }
        var replied: [UInt8] { replies.octets.copied() }

        /// Feeds what was sealed, whole.
        mutating func feed() throws(RecordFault) -> ProtectedRecords.End {
            try records.receive(
                &sent, into: &plaintext, plaintextMax: 1 << 20, replies: &replies, &permits)
        }

        /// The alert by which the session ends on what was sealed; nil where it goes on.
        mutating func alert() -> Alert? {
            do throws(RecordFault) {
                _ = try feed()
                return nil
            } catch {
                return error.alert
            }
        }
    }
    private static let data: UInt8 = 23
    private static let handshake: UInt8 = 22
    private static let alert: UInt8 = 21
    private static let keyUpdate: [UInt8] = [24, 0, 0, 1, 0]

    @Test func contentIsTakenWithAndWithoutPadding() throws {
        var ends = Ends()
        ends.seal([1, 0, 2], Self.data)
        ends.seal([3, 0, 0], Self.data, paddingByteCount: 1)
        ends.seal([], Self.data, paddingByteCount: 100)
        ends.seal([UInt8](repeating: 4, count: 16_384), Self.data)
        #expect(try ends.feed() == .usedUp)
        let expected = [1, 0, 2, 3, 0, 0] + [UInt8](repeating: 4, count: 16_384)
        let isWhole = ends.taken == expected
        #expect(isWhole)
    }

    /// What the header says is known before the record is whole.
    @Test(
        arguments: [
            ([20, 3, 3, 0, 1], Alert.unexpectedMessage),  // ChangeCipherSpec, which only a handshake may hold
            ([21, 3, 3, 0, 2], .unexpectedMessage), ([22, 3, 3, 0, 100], .unexpectedMessage),
            ([0, 3, 3, 0, 20], .unexpectedMessage), ([23, 3, 3, 0x41, 0x01], .recordOverflow),
            ([23, 3, 3, 0xFF, 0xFF], .recordOverflow), ([23, 3, 3, 0, 16], .badRecordMAC),
            ([23, 3, 3, 0, 0], .badRecordMAC),
        ] as [([UInt8], Alert)])
    func headersThatMayNotBe(header: [UInt8], alert: Alert) {
        for cut in 0...header.count {
            var ends = Ends()
            ends.sent.append(copying: header.span.extracting(0..<cut))
            if cut < header.count { #expect(ends.alert() == nil) }
            ends.sent.append(copying: header.span.extracting(cut..<header.count))
            #expect(ends.alert() == alert)
        }
    }

    /// The version in the header says nothing (RFC 8446 section 5.1), but it is authenticated.
    @Test func aHeaderThatWasChangedIsNoticed() {
        for index in 1..<3 {
            var ends = Ends()
            ends.seal([1, 2, 3], Self.data)
            var octets = ends.sent.octets.copied()
            octets[index] ^= 1
            ends.sent.removeAll()
            ends.sent.append(copying: octets.span)
            #expect(ends.alert() == .badRecordMAC)
            #expect(ends.taken.isEmpty)
        }
    }

    private static let refused: [(String, [([UInt8], UInt8)], Alert?)] = [
        ("nothing but zeros", [([0, 0, 0], 0)], .unexpectedMessage),
        ("an unknown type", [([1, 2], 24)], .unexpectedMessage),
        ("ChangeCipherSpec", [([1], 20)], .unexpectedMessage),
        ("too much content", [([UInt8](repeating: 1, count: 16_385), data)], .recordOverflow),
        ("an empty handshake record", [([], handshake)], .unexpectedMessage),
        ("a ClientHello", [([1, 0, 0, 1, 0], handshake)], .unexpectedMessage),
        ("a Finished", [([20] + [UInt8](repeating: 0, count: 35), handshake)], .unexpectedMessage),
        ("two key updates in a record", [(keyUpdate + keyUpdate, handshake)], .unexpectedMessage),
        ("a key update of another length", [([24, 0, 0, 2, 0], handshake)], .decodeError),
        ("a key update of another kind", [([24, 0, 0, 1, 2], handshake)], .illegalParameter),
        ("data within a key update", [([24, 0], handshake), ([1], data)], .unexpectedMessage),
        ("an alert within a key update", [([24, 0], handshake), ([1, 0], alert)], .unexpectedMessage),
        ("more than a key update", [([24, 0, 0], handshake), ([1, 0, 9], handshake)], .unexpectedMessage),
        ("half an alert", [([1], alert)], .decodeError), ("no alert", [([], alert)], .decodeError),
        ("two alerts", [([1, 0, 1, 0], alert)], .decodeError),
        ("too many empty records", [([UInt8], UInt8)](repeating: ([], data), count: 33), .unexpectedMessage),
    ]

    @Test(arguments: refused)
    func contentsThatMayNotBe(name: String, records: [([UInt8], UInt8)], alert: Alert?) {
        var ends = Ends()
        ends.seal([7], Self.data)
        for (content, type) in records { ends.seal(content, type) }
        ends.seal([8], Self.data)
        #expect(ends.alert() == alert, "\(name)")
        // What came before it counts, and nothing of it or behind it.
        #expect(ends.taken == [7])
        #expect(ends.replied.isEmpty)
    }

    @Test func asManyEmptyRecordsAsAreTaken() throws {
        var ends = Ends()
        for _ in 0..<3 {
            for _ in 0..<32 { ends.seal([], Self.data) }
            ends.seal([1], Self.data)
        }
        #expect(try ends.feed() == .usedUp)
        #expect(ends.taken == [1, 1, 1])
    }

    @Test func thePeersAlertsEndTheSessionAndAreNotAnswered() {
        for description in UInt8.min...(.max)
        where ![Alert.closeNotify.rawValue, Alert.userCanceled.rawValue].contains(description) {
            for level in UInt8(1)...2 {
                var ends = Ends()
                ends.seal([level, description], Self.alert)
                do throws(RecordFault) {
                    _ = try ends.feed()
                    Issue.record("alert \(description) is passed over")
                } catch {
                    #expect(error.alert == nil)
                    #expect(error.cause.hasPrefix("the peer's alert: "))
                }
            }
        }
    }

    @Test func theEndIsTakenAlsoBehindACancellation() throws {
        var ends = Ends()
        ends.seal([1, 90], Self.alert)
        ends.seal([5], Self.data)
        ends.seal([2, 0], Self.alert)
        ends.seal([6], Self.data)
        #expect(try ends.feed() == .closedByPeer)
        #expect(ends.taken == [5])
    }

    /// A handshake message may come in pieces, each in a record of its own.
    @Test func aKeyUpdateInPieces() throws {
        var ends = Ends()
        for octet in Self.keyUpdate { ends.seal([octet], Self.handshake) }
        ends.peer = RecordCipher(
            Self.suite, Self.secret(Self.clientSecret).next(suite: Self.suite), for: .sealing)
        ends.seal([9], Self.data)
        #expect(try ends.feed() == .usedUp)
        #expect(ends.taken == [9])
        #expect(ends.replied.isEmpty)
    }

    /// Data under the key that should have been given up was not sent by the peer.
    @Test func afterAKeyUpdateTheOldKeyIsGone() {
        var ends = Ends()
        ends.seal(Self.keyUpdate, Self.handshake)
        ends.seal([9], Self.data)
        #expect(ends.alert() == .badRecordMAC)
    }

    /// Before a key has sealed as much as is safe (RFC 8446 section 5.5), the next one takes its place.
    @Test func ourKeyIsUpdatedInTime() throws {
        let most = ProtectedRecords.recordCountMax
        var records = ProtectedRecords(
            Self.suite, receiving: Self.secret(Self.clientSecret), sending: Self.secret(Self.serverSecret),
            recordsSent: most - 1)
        var sent = Buffer()
        for octet in UInt8(1)...3 { try records.seal([octet].span, into: &sent) }
        let secret = Self.secret(Self.serverSecret)
        var opener = RecordCipher(Self.suite, secret, for: .opening, recordNumber: most - 1)
        var contents: [[UInt8]] = []
        while !sent.isEmpty {
            let byteCount = 5 + Int(sent.octets.bigEndian(at: 3, as: UInt16.self))
            var content = Buffer()
            let isOpened = opener.open(sent.octets.extracting(0..<byteCount), into: &content)
            #expect(isOpened)
            sent.consume(byteCount)
            contents.append(content.octets.copied())
            if contents.count == 2 {
                opener = RecordCipher(Self.suite, secret.next(suite: Self.suite), for: .opening)
            }
        }
        #expect(contents == [[1, 23], Self.keyUpdate + [22], [2, 23], [3, 23]])
    }

    /// RFC 8448 section 3: the keys of a handshake that is written down there.
    @Test(arguments: [
        (
            "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5",
            "17422dda596ed5d9acd890e3c63f5051", "5b78923dee08579033e523d9"
        ),
        (
            "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643",
            "9f02283b6c9c07efc26bb9f2ac92e356", "cf782b88dd83549aadf1e984"
        ),
    ])
    func keysComeFromSecrets(secret: String, key: String, nonce: String) {
        let secret = Self.secret(secret)
        func expanded(_ label: StaticString, _ count: Int) -> String {
            var octets = [UInt8](repeating: 0, count: count)
            // SAFETY: the array has so many octets, which are written within the call.
            unsafe octets.withUnsafeMutableBufferPointer {
                unsafe secret.expand(label, suite: Self.suite, into: $0)
            }
            return Hex.text(octets.span)
        }
        #expect(expanded("key", 16) == key)
        #expect(expanded("iv", 12) == nonce)
    }

    @Test(arguments: ["", "0", "0g", String(repeating: "00", count: 49)])
    func whatIsNoSecret(digits: String) {
        let digits = Array(digits.utf8)
        let isTaken = TrafficSecret(hexadecimal: digits.span) != nil
        #expect(!isTaken)
    }
}
