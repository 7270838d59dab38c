// Handshakes between the session and OpenSSL's own client, through buffers: what is agreed on, what is
// refused and with which alert, and that the same octets cut anywhere lead to the same.
import Bytes
import COpenSSL
import Testing

@testable import TLS

struct HandshakeTests {
    private let identity = Identity()

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func bothVersionsOpenAndCarryData(version: Int32) throws {
        let pair = Pair(try identity.context(), Client(Client.Offer(versions: version...version)))
        #expect(!pair.isHandshakeComplete)
        pair.run()
        #expect(pair.progress == .open)
        #expect(pair.isHandshakeComplete)
        #expect(pair.server.agreement?.isTLS13 == (version == TLS1_3_VERSION))
        #expect(!pair.wasResumed)
        pair.client.send(Array("question".utf8))
        pair.run()
        #expect(pair.takePlaintext() == Array("question".utf8))
        #expect(pair.send(Array("answer".utf8)))
        pair.deliverReplies()
        #expect(pair.received == Array("answer".utf8))
    }

    @Test(arguments: [
        ("ALL", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
        (
            "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
        ),
        ("ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        ("ECDHE-ECDSA-CHACHA20-POLY1305:ALL", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    ])
    func ourOrderOfSuitesWinsInTLS12(offered: String, agreed: String) throws {
        let offer = Client.Offer(versions: TLS1_2_VERSION...TLS1_2_VERSION, suites12: offered)
        let pair = Pair(try identity.context(), Client(offer))
        pair.run()
        #expect(pair.client.cipherSuite == agreed)
    }

    @Test(arguments: [
        (
            "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
            "TLS_AES_128_GCM_SHA256"
        ),
        ("TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"),
        ("TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"),
    ])
    func ourOrderOfSuitesWinsInTLS13(offered: String, agreed: String) throws {
        let offer = Client.Offer(versions: TLS1_3_VERSION...TLS1_3_VERSION, suites13: offered)
        let pair = Pair(try identity.context(), Client(offer))
        pair.run()
        #expect(pair.client.cipherSuite == agreed)
    }

    @Test(arguments: ["X25519", "P-256", "P-384"])
    func eachGroupIsTaken(group: String) throws {
        let pair = Pair(try identity.context(), Client(Client.Offer(groups: group)))
        pair.run()
        #expect(pair.progress == .open)
    }

    @Test(arguments: ["P-521", "X448"])
    func otherGroupsAreRefused(group: String) throws {
        try expectAlert(40, Client.Offer(groups: group))
    }

    @Test(arguments: [
        "ECDHE-ECDSA-AES128-SHA256",  // no authenticated encryption
        "AES128-GCM-SHA256",  // no forward secrecy
        "DHE-RSA-AES128-GCM-SHA256",  // not by elliptic curves
    ])
    func otherSuitesAreRefused(suite: String) throws {
        try expectAlert(40, Client.Offer(versions: TLS1_2_VERSION...TLS1_2_VERSION, suites12: suite))
    }

    @Test func olderVersionsAreRefused() throws {
        try expectAlert(70, Client.Offer(versions: TLS1_1_VERSION...TLS1_1_VERSION))
        try expectAlert(70, Client.Offer(versions: TLS1_VERSION...TLS1_VERSION))
    }

    @Test func ourOrderOfProtocolsWins() throws {
        let context = try identity.context(protocols: ["h2", "http/1.1"])
        let both = Pair(context, Client(Client.Offer(protocols: ["http/1.1", "h2"])))
        both.run()
        #expect(both.server.agreement?.applicationProtocol == "h2")
        let one = Pair(context, Client(Client.Offer(protocols: ["spdy/3", "http/1.1"])))
        one.run()
        #expect(one.server.agreement?.applicationProtocol == "http/1.1")
    }

    @Test func withoutAnOfferTheProtocolIsHTTP11() throws {
        let pair = Pair(try identity.context(protocols: ["h2", "http/1.1"]))
        pair.run()
        #expect(pair.server.agreement?.applicationProtocol == "http/1.1")
    }

    @Test func anOfferOfOtherProtocolsEndsTheHandshake() throws {
        // RFC 7301 section 3.2: no_application_protocol, 120.
        try expectAlert(120, Client.Offer(protocols: ["h2", "http/1.0"]))
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func theServerNameIsRecorded(version: Int32) throws {
        let context = try identity.context()
        var offer = Client.Offer(versions: version...version, serverName: "Frames.Example")
        let named = Pair(context, Client(offer))
        named.run()
        #expect(named.server.agreement?.serverName == "Frames.Example")
        let resumed = Pair(context, Client(offer, resuming: named.client.session))
        resumed.run()
        #expect(resumed.wasResumed)
        #expect(resumed.server.agreement?.serverName == "Frames.Example")
        offer.serverName = nil
        let unnamed = Pair(context, Client(offer))
        unnamed.run()
        #expect(unnamed.server.agreement?.serverName == nil)
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func everyCutOfTheFirstFlightLeadsToTheSame(version: Int32) throws {
        let context = try identity.context()
        let offer = Client.Offer(
            versions: version...version, protocols: ["http/1.1"], serverName: "localhost")
        let byteCount = Client(offer).outgoing().count
        for cut in 1..<byteCount {
            let pair = Pair(context, Client(offer))
            let hello = pair.client.outgoing()
            pair.feed(Array(hello.prefix(cut)))
            #expect(pair.progress == .handshaking)
            #expect(pair.replyOctets.isEmpty)
            pair.feed(Array(hello.dropFirst(cut)))
            pair.run()
            #expect(pair.progress == .open, "cut at \(cut)")
        }
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION], [1, 2, 3, 5, 7, 64])
    func octetsInSmallPiecesLeadToTheSame(version: Int32, pieceByteCount: Int) throws {
        let pair = Pair(try identity.context(), Client(Client.Offer(versions: version...version)))
        pair.run(pieceByteCountMax: pieceByteCount)
        #expect(pair.progress == .open)
        let message = (0..<40_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        pair.client.send(message)
        pair.run(pieceByteCountMax: pieceByteCount)
        let isWhole = pair.takePlaintext() == message
        #expect(isWhole)
    }

    @Test func aRequestInTheFlightThatEndsTheHandshakeIsDecryptedAtOnce() throws {
        let pair = Pair(
            try identity.context(), Client(Client.Offer(versions: TLS1_3_VERSION...TLS1_3_VERSION)))
        pair.feed(pair.client.outgoing())
        #expect(pair.client.isHandshakeComplete)
        pair.client.send(Array("GET".utf8))
        pair.feed(pair.client.outgoing())
        #expect(pair.progress == .open)
        #expect(pair.takePlaintext() == Array("GET".utf8))
    }

    @Test func aHandshakeThatNeverEndsIsEnded() throws {
        // One ClientHello in records of one octet each: valid, endless, and of use to nobody.
        let pair = Pair(try identity.context())
        let header: [UInt8] = [1, 0, 255, 255]
        for index in 0..<PeerAllowance.handshakeByteCountMax {
            pair.feed([22, 3, 1, 0, 1, index < header.count ? header[index] : 0])
            if pair.progress != .handshaking { break }
        }
        guard case .failed(let failure) = pair.progress else {
            Issue.record("still \(pair.progress)")
            return
        }
        #expect(failure.cause == "the handshake takes too many octets")
    }

    @Test func aCloseInTheHandshakeIsAFailure() throws {
        let pair = Pair(try identity.context())
        pair.feed(pair.client.outgoing())
        pair.feed([21, 3, 3, 0, 2, 1, 0])
        guard case .failed = pair.progress else {
            Issue.record("still \(pair.progress)")
            return
        }
    }

    /// Expects a handshake to fail with one alert, at both ends.
    private func expectAlert(_ alert: UInt8, _ offer: Client.Offer) throws {
        let pair = Pair(try identity.context(), Client(offer))
        pair.run()
        guard case .failed(let failure) = pair.progress else {
            Issue.record("not refused: \(pair.progress)")
            return
        }
        #expect(failure.alertSent == alert)
        #expect(pair.client.failure?.contains("alert") == true)
        #expect(!pair.isHandshakeComplete)
    }
}
