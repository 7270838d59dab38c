import Bytes
import Testing

@testable import TLS

/// A client and the session under test, joined without a socket.
struct Pair: ~Copyable {
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
    mutating func feed(_ octets: [UInt8], pieceByteCountMax: Int = .max, plaintextMax: Int = 1 << 20) {
        var rest = octets[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieceByteCountMax))
            rest = rest.dropFirst(piece.count)
            ciphertext.append(copying: piece.span)
            progress = server.receive(&ciphertext, into: &plaintext, plaintextMax: plaintextMax, replies: &replies)
        }
        deliverReplies()
    }

    mutating func deliverReplies() {
        received += client.receive(replies.octets.copied())
        replies.removeAll()
    }

    /// Goes back and forth until neither has anything to say.
    mutating func run(pieceByteCountMax: Int = .max) {
        while case let octets = client.outgoing(), !octets.isEmpty {
            feed(octets, pieceByteCountMax: pieceByteCountMax)
        }
    }

    mutating func takePlaintext() -> [UInt8] {
        defer { plaintext.removeAll() }
        return plaintext.octets.copied()
    }
}
