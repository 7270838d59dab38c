// The records of an open session of TLS 1.3, which are this project's own, against OpenSSL's client: it
// checks every record's tag and place, and what it sends is what a stranger's would be.
import Bytes
import COpenSSL
import Testing

@testable import TLS

struct ProtectedRecordsTests {
    private let identity = Identity()
    private static let suites = [
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
    ]

    private func open(_ suite: String = "TLS_AES_128_GCM_SHA256") throws -> Pair {
        let offer = Client.Offer(versions: TLS1_3_VERSION...TLS1_3_VERSION, suites13: suite)
        let pair = Pair(try identity.context(), Client(offer))
        pair.run()
        try #require(pair.progress == .open)
        return pair
    }

    private func message(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    }

    /// Both ways, in records of all sizes.
    private func expectFlow(
        _ pair: Pair, _ counts: [Int] = [1, 2, 16_383, 16_384, 16_385, 100_000], pieceByteCountMax: Int = .max
    ) {
        for count in counts {
            let message = message(count)
            pair.received = []
            #expect(pair.send(message))
            pair.deliverReplies()
            let arrived = pair.received == message
            #expect(arrived, "\(count) octets to the client")
            pair.client.send(message)
            pair.feed(pair.client.outgoing(), pieceByteCountMax: pieceByteCountMax)
            let cameBack = pair.takePlaintext() == message
            #expect(cameBack, "\(count) octets from the client")
        }
        #expect(pair.progress == .open)
        #expect(pair.client.failure == nil)
    }

    @Test(arguments: suites)
    func dataFlowsBothWays(suite: String) throws {
        expectFlow(try open(suite))
    }

    /// Also where a record is cut in its header, or several come at once.
    @Test(arguments: suites, [1, 2, 3, 4, 5, 6, 7, 1000, 16_406, 16_407])
    func recordsMayBeCutAnywhere(suite: String, pieceByteCountMax: Int) throws {
        expectFlow(try open(suite), [1, 2, 20_000], pieceByteCountMax: pieceByteCountMax)
    }

    @Test(arguments: [2, 100, 4096, 16_384])
    func paddingIsTakenOff(byteCount: Int) throws {
        let pair = try open()
        pair.client.padRecords(toMultiplesOf: byteCount)
        expectFlow(pair)
    }

    /// What is sent in one flight with the handshake's last message is not lost.
    @Test func dataMayComeWithTheHandshakesEnd() throws {
        let pair = Pair(try identity.context())
        pair.feed(pair.client.outgoing())
        var flight = pair.client.outgoing()
        #expect(pair.progress == .handshaking)
        pair.client.send(message(20_000))
        flight += pair.client.outgoing()
        pair.feed(flight)
        let isWhole = pair.takePlaintext() == message(20_000)
        #expect(isWhole)
    }

    /// Full records of 16 KiB and the rest, each with a header, the type and a tag.
    @Test func recordsAreFull() throws {
        let pair = try open()
        #expect(pair.send([UInt8](repeating: 0, count: 40_000)))
        #expect(pair.replyOctets.count == 40_000 + 3 * 22)
    }

    @Test(arguments: suites)
    func theEndIsUnderstood(suite: String) throws {
        let pair = try open(suite)
        expectFlow(pair, [100])
        pair.server.close(into: &pair.replies)
        pair.deliverReplies()
        #expect(pair.client.receivedClose)
        #expect(pair.client.failure == nil)
        #expect(!pair.send([1]))
        pair.client.close()
        pair.feed(pair.client.outgoing())
        #expect(pair.progress == .closedByPeer)
    }

    @Test(arguments: suites)
    func dataFlowsOnAfterKeyUpdates(suite: String) throws {
        let pair = try open(suite)
        expectFlow(pair, [100])
        for kind in [SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_REQUESTED] {
            pair.client.updateKeys(kind)
            pair.feed(pair.client.outgoing(), pieceByteCountMax: 3)
            expectFlow(pair)
        }
        pair.server.close(into: &pair.replies)
        pair.deliverReplies()
        #expect(pair.client.receivedClose)
    }

    /// An update that asks for ours behind our end gets none: close_notify is the last that is sent.
    @Test func behindOurEndNothingIsSent() throws {
        let pair = try open()
        pair.client.updateKeys(SSL_KEY_UPDATE_REQUESTED)
        pair.client.send([1, 2, 3])
        let octets = pair.client.outgoing()
        pair.server.close(into: &pair.replies)
        pair.deliverReplies()
        pair.ciphertext.append(copying: octets.span)
        pair.progress = pair.server.receive(
            &pair.ciphertext, into: &pair.plaintext, plaintextMax: 100, replies: &pair.replies)
        #expect(pair.progress == .open)
        #expect(pair.takePlaintext() == [1, 2, 3])
        #expect(pair.replyOctets.isEmpty)
    }

    @Test func theSessionAfterAResumptionFlowsToo() throws {
        let context = try identity.context()
        let first = Pair(context)
        first.run()
        expectFlow(first, [1])
        let second = Pair(context, Client(resuming: first.client.session))
        second.run()
        #expect(second.wasResumed)
        expectFlow(second)
    }

    /// Every record takes a number of its own, so no two of the same content are the same.
    @Test func noTwoRecordsAreTheSame() throws {
        let pair = try open()
        var records: Set<[UInt8]> = []
        for _ in 0..<1000 {
            #expect(pair.send([1, 2, 3]))
            records.insert(pair.replyOctets)
            pair.deliverReplies()
        }
        #expect(records.count == 1000)
    }

    /// A record that comes twice, or in another's place, was not sent there.
    @Test func aRecordHasItsPlace() throws {
        let pair = try open()
        pair.client.send([1])
        let record = pair.client.outgoing()
        pair.feed(record + record)
        guard case .failed(let failure) = pair.progress else {
            Issue.record("taken twice")
            return
        }
        #expect(failure.alertSent == 20)
        #expect(pair.takePlaintext() == [1])
        // Its name begins with "sslv3" or with "ssl/tls", by OpenSSL's version.
        #expect(pair.client.failure?.hasSuffix(" alert bad record mac") == true)
    }
}
