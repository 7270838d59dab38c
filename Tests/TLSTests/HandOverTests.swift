// Sending that is handed over, as to a kernel that makes records: with what is handed over a stranger seals
// the records that the peer expects next, and the session does what is left to it. OpenSSL's client is the
// peer; a second cipher, made of nothing but what was handed over, stands for the kernel.
import Bytes
import COpenSSL
import Testing

@testable import TLS

struct HandOverTests {
    private let identity = Identity()
    private static let suites: [(String, UInt16)] = [
        ("TLS_AES_128_GCM_SHA256", 0x1301), ("TLS_AES_256_GCM_SHA384", 0x1302),
    ]

    private func open(
        _ suite: String = "TLS_AES_128_GCM_SHA256", version: Int32 = TLS1_3_VERSION
    ) throws -> Pair {
        let offer = Client.Offer(versions: version...version, suites13: suite)
        let pair = Pair(try identity.context(), Client(offer))
        pair.run()
        try #require(pair.progress == .open)
        return pair
    }

    /// Makes the records of a session that was handed over.
    private final class Kernel {
        private var cipher: RecordCipher?

        init(of pair: Pair, suite: UInt16 = 0x1301) {
            let isTaken = pair.server.handOver { key, nonceBase, recordNumber in
                cipher = RecordCipher(
                    CipherSuite(number: suite)!, key: key, nonceBase: nonceBase, for: .sealing,
                    recordNumber: recordNumber)
                return true
            }
            #expect(isTaken)
        }

        /// Gives the client a record.
        func deliver(_ content: [UInt8], as type: ContentType = .applicationData, to pair: Pair) {
            var record = Buffer()
            let isSealed = cipher!.seal(content.span, as: type.rawValue, into: &record)
            #expect(isSealed)
            pair.received += pair.client.receive(record.octets.copied())
        }

        /// Gives the client the session's last word.
        func deliverLastWord(of pair: Pair) throws {
            let alert = try #require(pair.lastWord)
            deliver([alert[0], alert[1]], as: .alert, to: pair)
            pair.server.forgetLastWord()
        }
    }

    private func expectFlow(_ pair: Pair, _ kernel: Kernel) {
        for message in [[1], [UInt8](repeating: 7, count: 16_384), Array("more".utf8)] as [[UInt8]] {
            pair.received = []
            #expect(pair.send(message))
            let isPlain = pair.replyOctets == message
            #expect(isPlain, "what is sent is passed on as it is")
            kernel.deliver(pair.replyOctets, to: pair)
            pair.replies.removeAll()
            let arrived = pair.received == message
            #expect(arrived)
            pair.client.send(message)
            pair.feed(pair.client.outgoing())
            let cameBack = pair.takePlaintext() == message
            #expect(cameBack)
        }
        #expect(pair.progress == .open)
        #expect(pair.client.failure == nil)
    }

    @Test(arguments: suites, [0, 1, 300])
    func anotherGoesOnWhereTheSessionWas(suite: (String, UInt16), recordsBefore: Int) throws {
        let pair = try open(suite.0)
        for _ in 0..<recordsBefore { #expect(pair.send([1, 2, 3])) }
        pair.deliverReplies()
        #expect(pair.canHandOver)
        let kernel = Kernel(of: pair, suite: suite.1)
        #expect(pair.isHandedOver)
        #expect(!pair.canHandOver)
        expectFlow(pair, kernel)
        pair.server.close(into: &pair.replies)
        #expect(pair.replyOctets.isEmpty)
        #expect(!pair.send([1]))
        try kernel.deliverLastWord(of: pair)
        #expect(pair.client.receivedClose)
        #expect(pair.client.failure == nil)
    }

    /// Keys that were updated before are handed over as well as the first ones.
    @Test func whatIsHandedOverIsTheNewestKey() throws {
        let pair = try open()
        pair.client.updateKeys(SSL_KEY_UPDATE_REQUESTED)
        pair.feed(pair.client.outgoing())
        expectFlow(pair, Kernel(of: pair))
    }

    @Test func whereNobodyTakesItAllIsAsBefore() throws {
        let pair = try open()
        let isTaken = pair.server.handOver { _, _, _ in false }
        #expect(!isTaken)
        #expect(!pair.isHandedOver)
        #expect(pair.send([1, 2, 3]))
        pair.deliverReplies()
        #expect(pair.received == [1, 2, 3])
        pair.server.close(into: &pair.replies)
        #expect(pair.lastWord == nil)
        pair.deliverReplies()
        #expect(pair.client.receivedClose)
    }

    @Test func notAllSessionsCanBeHandedOver() throws {
        let early = Pair(try identity.context())
        early.feed(early.client.outgoing())
        #expect(early.progress == .handshaking)
        #expect(!early.canHandOver)
        let chaCha20 = try open("TLS_CHACHA20_POLY1305_SHA256")
        #expect(!chaCha20.canHandOver)
        let old = try open(version: TLS1_2_VERSION)
        #expect(!old.canHandOver)
        let closed = try open()
        closed.server.close(into: &closed.replies)
        #expect(!closed.canHandOver)
    }

    @Test func aFaultIsToldByTheLastWord() throws {
        let pair = try open()
        let kernel = Kernel(of: pair)
        expectFlow(pair, kernel)
        pair.client.send([1])
        var record = pair.client.outgoing()
        record[record.count - 1] ^= 1
        pair.feed(record)
        guard case .failed(let failure) = pair.progress else {
            Issue.record("taken though it was changed")
            return
        }
        #expect(failure.alertSent == 20)
        #expect(pair.replyOctets.isEmpty)
        try kernel.deliverLastWord(of: pair)
        #expect(pair.client.failure?.hasSuffix(" alert bad record mac") == true)
    }

    @Test func thePeersOwnKeyMayChange() throws {
        let pair = try open()
        let kernel = Kernel(of: pair)
        pair.client.updateKeys(SSL_KEY_UPDATE_NOT_REQUESTED)
        pair.feed(pair.client.outgoing())
        expectFlow(pair, kernel)
    }

    /// Ours can't: nothing more is sent under it (RFC 8446 section 4.6.3).
    @Test func whoAsksForOurNextKeyGetsTheEnd() throws {
        let pair = try open()
        let kernel = Kernel(of: pair)
        pair.client.updateKeys(SSL_KEY_UPDATE_REQUESTED)
        pair.feed(pair.client.outgoing())
        guard case .failed(let failure) = pair.progress else {
            Issue.record("the session goes on")
            return
        }
        #expect(failure.alertSent == 0)
        #expect(pair.replyOctets.isEmpty)
        #expect(!pair.send([1]))
        try kernel.deliverLastWord(of: pair)
        #expect(pair.client.receivedClose)
        #expect(pair.client.failure == nil)
    }

    /// Behind our end nobody minds.
    @Test func whoAsksForOurNextKeyBehindOurEndGetsNothing() throws {
        let pair = try open()
        let kernel = Kernel(of: pair)
        pair.server.close(into: &pair.replies)
        try kernel.deliverLastWord(of: pair)
        pair.client.updateKeys(SSL_KEY_UPDATE_REQUESTED)
        pair.feed(pair.client.outgoing())
        #expect(pair.progress == .open)
        #expect(pair.lastWord == nil)
    }

    /// A key that can't be changed is given up before it has sealed too much (RFC 8446 section 5.5).
    @Test func aKeyIsGivenUpInTime() throws {
        let secret = Array(String(repeating: "9e40646c", count: 8).utf8)
        func records(sent: UInt64) -> ProtectedRecords {
            ProtectedRecords(
                CipherSuite(number: 0x1301)!, receiving: TrafficSecret(hexadecimal: secret.span)!,
                sending: TrafficSecret(hexadecimal: secret.span)!, recordsSent: sent)
        }
        func end(_ records: inout ProtectedRecords, mayReply: Bool = true) -> Alert? {
            var input = Buffer()
            var plaintext = Buffer()
            var replies = Buffer()
            var permits = ProtectedRecords.Permits(stepsLeft: 1, mayReply: mayReply)
            do throws(RecordFault) {
                _ = try records.receive(
                    &input, into: &plaintext, plaintextMax: 100, replies: &replies, &permits)
                return nil
            } catch {
                return error.alert
            }
        }
        let worn = ProtectedRecords.wornRecordCount
        let couldBeWhenWorn = records(sent: worn).canHandOver
        #expect(!couldBeWhenWorn)
        var used = records(sent: worn - 2)
        let isTaken = used.handOver { _, _, number in number == worn - 2 }
        #expect(isTaken)
        let wasWornBefore = used.isWorn
        #expect(!wasWornBefore)
        var output = Buffer()
        try used.seal([1].span, into: &output)
        let isWorn = used.isWorn
        #expect(isWorn)
        let endWhenWorn = end(&used)
        #expect(endWhenWorn == nil)
        // At least a record for each 16 KiB.
        used.countElsewhere(Int(ProtectedRecords.recordCountMax - worn) << 14)
        let endWhenUsedUp = end(&used)
        #expect(endWhenUsedUp == .closeNotify)
        let endBehindOurs = end(&used, mayReply: false)
        #expect(endBehindOurs == nil)
    }
}
