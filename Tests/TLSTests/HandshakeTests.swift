// A handshake between the session and OpenSSL's own client, through buffers: what is agreed on, and that data flows.
import Bytes
import COpenSSL
import Testing

@testable import TLS

struct HandshakeTests {
    private let identity = Identity()

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func bothVersionsOpenAndCarryData(version: Int32) throws {
        var pair = Pair(try identity.context(), Client(Client.Offer(versions: version...version)))
        pair.run()
        #expect(pair.progress == .open)
        #expect(pair.server.protocolVersion == (version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2"))
        pair.client.send(Array("question".utf8))
        pair.run()
        #expect(pair.takePlaintext() == Array("question".utf8))
        #expect(pair.server.send(Array("answer".utf8).span, into: &pair.replies))
        pair.deliverReplies()
        #expect(pair.received == Array("answer".utf8))
    }
}
