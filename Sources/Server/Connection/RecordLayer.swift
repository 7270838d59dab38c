import Bytes
import Posix
import TLS

/// The names by which the protocols are agreed on (RFC 7301 section 6).
enum ApplicationProtocol {
    static let http2 = "h2"
    static let http11 = "http/1.1"
}

/// What stands between a connection's octets and the socket's: TLS records, or nothing on a plain listener.
///
/// The seam is narrow on purpose: feed and drain in `receive`, write in `send`, and a last word in `close`.
/// Behind it the kernel may make the records that are sent: `send` appends what it is given then.
struct RecordLayer: ~Copyable {
    private var session: TLSSession?
    /// The kernel did not take the key, and is not asked again.
    private var isRefusedByKernel = false
    /// Octets for the parser wait inside, for which the socket raises no event.
    private(set) var hasPending = false

    /// The server's side of a TLS session.
    init(context: TLSContext) {
        session = TLSSession(server: context)
    }

    /// No encryption.
    init() {
        session = nil
    }

    /// Whether requests may be parsed: always without TLS.
    var isOpen: Bool {
        switch session {
        case .some(let session): session.isHandshakeComplete
        case .none: true
        }
    }

    /// What the handshake agreed on, once the layer is open; nil without TLS.
    var agreement: Agreement? {
        switch session {
        case .some(let session): session.agreement
        case .none: nil
        }
    }

    /// Whether the peer may end its direction and go on to read: by TLS 1.2 an end is that of both directions
    /// (RFC 5246 section 7.2.1), by 1.3 it is not (RFC 8446 section 6.1).
    var mayEndOneWay: Bool {
        switch session {
        case .some(let session): session.agreement?.isTLS13 ?? false
        case .none: true
        }
    }

    /// Feeds what came from the socket and drains what it decrypts to; see `TLSSession.receive`.
    mutating func receive(
        _ ciphertext: inout Buffer, into plaintext: inout Buffer, plaintextMax: Int, replies: inout Buffer
    ) -> TLSProgress {
        if session != nil {
            let progress = session!.receive(
                &ciphertext, into: &plaintext, plaintextMax: plaintextMax, replies: &replies)
            hasPending = progress == .full && holdsOctets
            return progress
        }
        let count = min(ciphertext.count, max(0, plaintextMax - plaintext.count))
        plaintext.append(copying: ciphertext.octets.extracting(0..<count))
        ciphertext.consume(count)
        return ciphertext.isEmpty ? .open : .full
    }

    private var holdsOctets: Bool {
        switch session {
        case .some(let session): session.hasPending
        case .none: false
        }
    }

    /// Encrypts what is to be sent; false where the session is dead.
    mutating func send(_ plaintext: Span<UInt8>, into ciphertext: inout Buffer) -> Bool {
        if session != nil { return session!.send(plaintext, into: &ciphertext) }
        ciphertext.append(copying: plaintext)
        return true
    }

    /// Encrypts everything that waits in a buffer; false where the session is dead.
    mutating func send(contentsOf plaintext: borrowing Buffer, into ciphertext: inout Buffer) -> Bool {
        send(plaintext.octets, into: &ciphertext)
    }

    /// Encrypts the first `count` octets of what waits in a buffer; false where the session is dead.
    mutating func send(first count: Int, of plaintext: borrowing Buffer, into ciphertext: inout Buffer)
        -> Bool
    {
        send(plaintext.octets.extracting(0..<count), into: &ciphertext)
    }

    /// Says that nothing more will be sent.
    mutating func close(into ciphertext: inout Buffer) {
        if session != nil { session!.close(into: &ciphertext) }
    }
}

// MARK: Records that the kernel makes

extension RecordLayer {
    /// Of a record that holds an alert (RFC 8446 section 5.1).
    static let alertType: UInt8 = 21

    /// Whether the kernel makes the records that are sent.
    var areKernels: Bool {
        switch session {
        case .some(let session): session.isHandedOver
        case .none: false
        }
    }

    /// Whether it does, or could.
    var mayBeKernels: Bool {
        switch session {
        case .some(let session): session.isHandedOver || !isRefusedByKernel && session.canHandOver
        case .none: false
        }
    }

    /// Whether the kernel's key comes to its end, so that nothing new is to be begun.
    var areWorn: Bool {
        switch session {
        case .some(let session): session.isWorn
        case .none: false
        }
    }

    /// The alert that is to go to the kernel behind all else, as it is.
    var lastWord: InlineArray<2, UInt8>? {
        switch session {
        case .some(let session): session.lastWord
        case .none: nil
        }
    }

    /// The last word is out.
    mutating func forgetLastWord() { session?.forgetLastWord() }

    /// Has the kernel make the records that are sent. All that was made here must have gone to the socket.
    ///
    /// - Throws: what the kernel said; the records are made here then, as before.
    mutating func handOver(to descriptor: borrowing Descriptor) throws(SystemError) {
        var failure: SystemError?
        let isTaken = session!.handOver { key, nonceBase, recordNumber in
            do throws(SystemError) {
                try descriptor.makeRecords(key: key, nonceBase: nonceBase, recordNumber: recordNumber)
                return true
            } catch {
                failure = error
                return false
            }
        }
        isRefusedByKernel = !isTaken
        if let failure { throw failure }
    }

    /// Counts octets that went to the kernel from where they lie.
    mutating func countStraight(_ byteCount: Int) { session?.countElsewhere(byteCount) }
}
