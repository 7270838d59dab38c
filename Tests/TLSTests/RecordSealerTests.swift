// Who encrypts what is sent: `RecordSealer` where OpenSSL hands it the keys, and OpenSSL itself otherwise.
// Both against OpenSSL's own client, which checks every record's tag and place.
import Bytes
import COpenSSL
import Testing

@testable import TLS

struct RecordSealerTests {
    private let identity = Identity()

    private func open(_ offer: Client.Offer) throws -> Pair {
        let pair = Pair(try identity.context(), Client(offer))
        pair.run()
        try #require(pair.progress == .open)
        return pair
    }

    private func open13(_ suite: String = "TLS_AES_128_GCM_SHA256") throws -> Pair {
        try open(Client.Offer(versions: TLS1_3_VERSION...TLS1_3_VERSION, suites13: suite))
    }

    private func expectFlow(_ pair: Pair, _ counts: [Int] = [1, 2, 16_383, 16_384, 16_385, 100_000]) {
        for count in counts {
            let message = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            pair.received = []
            #expect(pair.send(message))
            pair.deliverReplies()
            let isWhole = pair.received == message
            #expect(isWhole, "\(count) octets")
        }
        #expect(pair.client.failure == nil)
    }

    @Test(arguments: ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"])
    func recordsAreSealedHere(suite: String) throws {
        let pair = try open13(suite)
        #expect(pair.isSealing)
        expectFlow(pair)
    }

    @Test func otherCiphersAreLeftToOpenSSL() throws {
        let pair = try open13("TLS_CHACHA20_POLY1305_SHA256")
        #expect(!pair.isSealing)
        expectFlow(pair)
    }

    @Test func anEarlierVersionIsLeftToOpenSSL() throws {
        let pair = try open(Client.Offer(versions: TLS1_2_VERSION...TLS1_2_VERSION))
        #expect(!pair.isSealing)
        expectFlow(pair)
    }

    /// Full records of 16 KiB and the rest, each with a header, the type and a tag.
    @Test func recordsAreFull() throws {
        let pair = try open13()
        #expect(pair.send([UInt8](repeating: 0, count: 40_000)))
        #expect(pair.replyOctets.count == 40_000 + 3 * 22)
    }

    /// What OpenSSL writes itself comes in its place among the records.
    @Test func theEndIsUnderstood() throws {
        let pair = try open13()
        expectFlow(pair, [100])
        pair.server.close(into: &pair.replies)
        pair.deliverReplies()
        #expect(pair.client.receivedClose)
        #expect(pair.client.failure == nil)
        #expect(!pair.send([1]))
    }

    /// A key update that asks for ours gives OpenSSL new keys. Since its record layer was rewritten in 3.2 it
    /// hands those over, too; before, it goes on by itself.
    @Test func dataFlowsOnAfterAnUpdateOfItsOwnKeys() throws {
        let pair = try open13()
        expectFlow(pair, [100])
        pair.client.updateKeys(SSL_KEY_UPDATE_NOT_REQUESTED)
        pair.feed(pair.client.outgoing())
        #expect(pair.isSealing)
        expectFlow(pair, [100])
        for _ in 0..<3 {
            pair.client.updateKeys(SSL_KEY_UPDATE_REQUESTED)
            pair.feed(pair.client.outgoing())
            expectFlow(pair)
            #expect(pair.isSealing == (OPENSSL_version_minor() >= 2))
        }
        pair.server.close(into: &pair.replies)
        pair.deliverReplies()
        #expect(pair.client.receivedClose)
    }

    /// A broken record is answered with an alert that the client can read.
    @Test func alertsAreSealedToo() throws {
        let pair = try open13()
        expectFlow(pair, [100])
        pair.feed([23, 3, 3, 0, 20] + [UInt8](repeating: 0, count: 20))
        guard case .failed(let failure) = pair.progress else { throw Missing() }
        #expect(failure.alertSent == 20)
        // Its name begins with "sslv3" or with "ssl/tls", by OpenSSL's version.
        #expect(pair.client.failure?.hasSuffix(" alert bad record mac") == true)
    }

    @Test func theSessionAfterAResumptionIsSealed() throws {
        let context = try identity.context()
        let first = Pair(context)
        first.run()
        expectFlow(first, [1])
        let second = Pair(context, Client(resuming: first.client.session))
        second.run()
        #expect(second.wasResumed)
        #expect(second.isSealing)
        expectFlow(second)
    }

    /// Every record takes a number of its own, so no two of the same content are the same.
    @Test func noTwoRecordsAreTheSame() throws {
        let pair = try open13()
        var records: Set<[UInt8]> = []
        for _ in 0..<1000 {
            #expect(pair.send([1, 2, 3]))
            records.insert(pair.replyOctets)
            pair.deliverReplies()
        }
        #expect(records.count == 1000)
    }

    private struct Missing: Error {}
}
