// The open session: backpressure, several records at once, large sends, the end in all its forms, broken
// records, key updates and floods. Against OpenSSL's own client, through buffers.
import Bytes
import COpenSSL
import Testing

@testable import TLS

struct RecordTests {
    private let identity = Identity()
    private static let versions = [TLS1_2_VERSION, TLS1_3_VERSION]

    private func open(_ version: Int32 = TLS1_3_VERSION) throws -> Pair {
        let pair = Pair(try identity.context(), Client(Client.Offer(versions: version...version)))
        pair.run()
        try #require(pair.progress == .open)
        return pair
    }

    @Test(arguments: versions, [1, 100, 16_384, 20_000, 100_000])
    func plaintextNeverExceedsItsMaximum(version: Int32, plaintextMax: Int) throws {
        let pair = try open(version)
        let message = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        pair.client.send(message)
        pair.feed(pair.client.outgoing(), plaintextMax: plaintextMax)
        var taken = pair.takePlaintext()
        var callCount = 1
        // Nothing new arrives; what waits inside or in the ciphertext comes out call by call.
        while pair.progress == .full {
            pair.progress = pair.server.receive(
                &pair.ciphertext, into: &pair.plaintext, plaintextMax: plaintextMax, replies: &pair.replies)
            #expect(pair.plaintextCount <= plaintextMax)
            taken += pair.takePlaintext()
            callCount += 1
        }
        #expect(pair.progress == .open)
        let isWhole = taken == message
        #expect(isWhole)
        #expect(callCount >= message.count / plaintextMax)
        #expect(!pair.hasPending)
        #expect(pair.ciphertextLeft.isEmpty)
    }

    @Test func whatWaitsInsideIsSaid() throws {
        let pair = try open()
        pair.client.send([1, 2, 3, 4])
        pair.feed(pair.client.outgoing(), plaintextMax: 3)
        #expect(pair.progress == .full)
        #expect(pair.ciphertextLeft.isEmpty)
        #expect(pair.hasPending)
        // While the plaintext stays full, so does the answer.
        pair.feed([], plaintextMax: 3)
        #expect(pair.progress == .full)
        #expect(pair.takePlaintext() == [1, 2, 3])
        pair.progress = pair.server.receive(
            &pair.ciphertext, into: &pair.plaintext, plaintextMax: 3, replies: &pair.replies)
        #expect(pair.progress == .open)
        #expect(pair.takePlaintext() == [4])
    }

    @Test(arguments: versions)
    func severalRecordsAtOnceAreDecryptedInOneCall(version: Int32) throws {
        let pair = try open(version)
        for number in 0..<UInt8(100) { pair.client.send([number]) }
        pair.feed(pair.client.outgoing())
        #expect(pair.takePlaintext() == Array(0..<100))
    }

    @Test(arguments: versions, [1, 16_384, 16_385, 262_144])
    func aSendIsCutIntoFullRecords(version: Int32, byteCount: Int) throws {
        let pair = try open(version)
        let message = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ $0 >> 9) }
        #expect(pair.send(message))
        #expect(recordCount(pair.replyOctets) == (byteCount + 16_383) / 16_384)
        pair.deliverReplies()
        let isWhole = pair.received == message
        #expect(isWhole)
    }

    @Test func anEmptySendMakesNoRecord() throws {
        let pair = try open()
        let empty: [UInt8] = []
        #expect(pair.send(empty))
        #expect(pair.replyOctets.isEmpty)
    }

    @Test(arguments: versions)
    func closeNotifyIsUnderstoodAndAnsweredOnce(version: Int32) throws {
        let pair = try open(version)
        pair.client.send(Array("last".utf8))
        pair.client.close()
        pair.feed(pair.client.outgoing())
        #expect(pair.progress == .closedByPeer)
        #expect(pair.takePlaintext() == Array("last".utf8))
        #expect(pair.isHandshakeComplete)
        // RFC 8446 section 6.1: what follows the peer's end is ignored.
        pair.feed([23, 3, 3, 0, 1, 0])
        #expect(pair.progress == .closedByPeer)
        #expect(pair.ciphertextLeft.isEmpty)
        pair.server.close(into: &pair.replies)
        #expect(recordCount(pair.replyOctets) == 1)
        pair.server.close(into: &pair.replies)
        #expect(recordCount(pair.replyOctets) == 1)
        #expect(!pair.send([1]))
        pair.deliverReplies()
        #expect(pair.client.receivedClose)
    }

    @Test func afterItsEndThePeerMayStillReceive() throws {
        let pair = try open(TLS1_3_VERSION)
        pair.client.close()
        pair.feed(pair.client.outgoing())
        #expect(pair.progress == .closedByPeer)
        #expect(pair.send(Array("answer".utf8)))
        pair.deliverReplies()
        #expect(pair.received == Array("answer".utf8))
    }

    @Test(arguments: versions)
    func afterOurEndThePeerMayStillSend(version: Int32) throws {
        let pair = try open(version)
        pair.client.send([1, 2, 3])
        pair.server.close(into: &pair.replies)
        pair.server.close(into: &pair.replies)
        pair.feed(pair.client.outgoing())
        #expect(pair.progress == .open)
        #expect(pair.takePlaintext() == [1, 2, 3])
        #expect(pair.client.receivedClose)
    }

    @Test func closeBeforeTheHandshakeDoesNothing() throws {
        let pair = Pair(try identity.context())
        pair.server.close(into: &pair.replies)
        #expect(pair.replyOctets.isEmpty)
    }

    @Test func aStreamCutOffIsNotAnEnd() throws {
        let pair = try open()
        pair.client.send([1, 2, 3])
        pair.feed(Array(pair.client.outgoing().dropLast()))
        #expect(pair.progress == .open)
        #expect(pair.plaintextCount == 0)
    }

    @Test(arguments: versions)
    func aBrokenRecordEndsTheSession(version: Int32) throws {
        let pair = try open(version)
        pair.client.send(Array("forged".utf8))
        var octets = pair.client.outgoing()
        octets[octets.count - 1] ^= 1
        pair.feed(octets)
        guard case .failed(let failure) = pair.progress else {
            Issue.record("not noticed: \(pair.progress)")
            return
        }
        #expect(failure.alertSent == 20)  // bad_record_mac
        #expect(pair.plaintextCount == 0)
        #expect(pair.client.failure?.contains("bad record mac") == true)
        // Dead: nothing goes in or out any more.
        pair.feed([23, 3, 3, 0, 1, 0])
        #expect(pair.progress == .failed(failure))
        #expect(pair.ciphertextLeft.isEmpty)
        #expect(!pair.send([1]))
        pair.server.close(into: &pair.replies)
        #expect(pair.replyOctets.isEmpty)
        #expect(!pair.isHandshakeComplete)
    }

    @Test(arguments: [SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_NOT_REQUESTED])
    func dataFlowsOnAfterAKeyUpdate(kind: Int32) throws {
        let pair = try open()
        pair.client.updateKeys(kind)
        pair.client.send([1])
        pair.feed(pair.client.outgoing())
        #expect(pair.progress == .open)
        #expect(pair.takePlaintext() == [1])
        #expect(pair.send([2]))
        pair.deliverReplies()
        #expect(pair.received == [2])
    }

    @Test(arguments: [SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_NOT_REQUESTED])
    func aFloodOfKeyUpdatesEndsTheSession(kind: Int32) throws {
        let pair = try open()
        var octets: [UInt8] = []
        for _ in 0..<PeerAllowance.stepCountMax {
            pair.client.updateKeys(kind)
            octets += pair.client.outgoing()
        }
        pair.feed(octets)
        #expect(pair.progress == .failed(TLSFailure(cause: "too many key updates", alertSent: nil)))
        // It ended within the call, and not only after all were worked off.
        #expect(pair.ciphertextLeft.count > octets.count / 2)
    }

    @Test func keyUpdatesBetweenMuchDataGoOnForEver() throws {
        let pair = try open()
        let piece = [UInt8](repeating: 7, count: 128 * 1024)
        for _ in 0..<2 * PeerAllowance.stepCountMax {
            pair.client.updateKeys(SSL_KEY_UPDATE_REQUESTED)
            pair.client.send(piece)
            pair.feed(pair.client.outgoing())
            pair.plaintext.removeAll()
            try #require(pair.progress == .open)
        }
    }

    @Test func renegotiationIsRefusedAndTheSessionGoesOn() throws {
        let pair = try open(TLS1_2_VERSION)
        pair.client.renegotiate()
        let octets = pair.client.outgoing()
        #expect(!octets.isEmpty)
        pair.feed(octets)
        #expect(pair.progress == .open)
        #expect(pair.client.failure == "no renegotiation")
    }

    @Test func aFloodOfEmptyRecordsEndsTheSession() throws {
        let pair = Pair(try identity.context())
        var count = 0
        while pair.progress == .handshaking && count < 1000 {
            pair.feed([22, 3, 1, 0, 0])
            count += 1
        }
        #expect(count <= 33, "OpenSSL takes 32 in a row")
    }

    private func recordCount(_ octets: [UInt8]) -> Int {
        var count = 0
        var offset = 0
        while offset < octets.count {
            offset += 5 + (Int(octets[offset + 3]) << 8 | Int(octets[offset + 4]))
            count += 1
        }
        return offset == octets.count ? count : -1
    }
}
