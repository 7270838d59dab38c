import Bytes
import Testing

@testable import TLS

/// A client and the session under test, joined without a socket.
final class Pair {
    let client: Client
    var server: TLSSession
    var ciphertext = Buffer()
    var plaintext = Buffer()
    var replies = Buffer()
    var progress = TLSProgress.handshaking
    /// What the client decrypted so far.
    var received: [UInt8] = []

    init(_ context: TLSContext, _ client: Client = Client()) {
        self.client = client
        server = TLSSession(server: context)
    }

    /// Gives the session octets, in pieces of at most `pieceByteCountMax`, and the client what it replies.
    func feed(_ octets: [UInt8], pieceByteCountMax: Int = .max, plaintextMax: Int = 1 << 20) {
        var rest = octets[...]
        repeat {
            let piece = Array(rest.prefix(pieceByteCountMax))
            rest = rest.dropFirst(piece.count)
            ciphertext.append(copying: piece.span)
            progress = server.receive(
                &ciphertext, into: &plaintext, plaintextMax: plaintextMax, replies: &replies)
        } while !rest.isEmpty
        deliverReplies()
    }

    func deliverReplies() {
        received += client.receive(replies.octets.copied())
        replies.removeAll()
    }

    /// Goes back and forth until neither has anything to say.
    func run(pieceByteCountMax: Int = .max) {
        while case let octets = client.outgoing(), !octets.isEmpty {
            feed(octets, pieceByteCountMax: pieceByteCountMax)
        }
    }

    /// Lets the session send; its records wait in `replies`.
    func send(_ plaintext: [UInt8]) -> Bool { server.send(plaintext.span, into: &replies) }

    var isHandshakeComplete: Bool { server.isHandshakeComplete }
    var hasPending: Bool { server.hasPending }
    var isHandedOver: Bool { server.isHandedOver }
    var canHandOver: Bool { server.canHandOver }
    var lastWord: InlineArray<2, UInt8>? { server.lastWord }
    var wasResumed: Bool { server.agreement?.wasResumed == true }
    var clientCertificate: ClientCertificate? { server.agreement?.clientCertificate }
    var ciphertextLeft: [UInt8] { Self.copy(ciphertext) }
    var replyOctets: [UInt8] { Self.copy(replies) }
    var plaintextCount: Int { plaintext.count }

    private static func copy(_ buffer: borrowing Buffer) -> [UInt8] { buffer.octets.copied() }

    func takePlaintext() -> [UInt8] {
        defer { plaintext.removeAll() }
        return plaintext.octets.copied()
    }
}
