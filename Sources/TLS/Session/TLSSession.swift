package import Bytes
import COpenSSL

/// The record layer of one connection, as the server: ciphertext in, plaintext out, and the reverse. It knows
/// no socket, never waits, and holds no buffer between calls. One thread.
///
/// A stream that ends without `TLSProgress.closedByPeer` was cut off; that is for the owner of the socket to
/// see.
@safe
package struct TLSSession: ~Copyable {
    private enum Phase {
        case handshaking
        case open
        case closedByPeer
        case failed(TLSFailure)
    }

    /// The most plaintext a record holds (RFC 8446 section 5.1).
    static let recordByteCountMax = 16_384
    /// The most a record adds: header 5, nonce 8, tag 16 in TLS 1.2 (RFC 5288 section 3); 22 in TLS 1.3.
    private static let recordOverheadByteCount = 29

    let ssl: Owned
    /// Owned by `ssl`.
    private let bio: OpaquePointer
    /// OpenSSL counts its references to the SSL_CTX; this one keeps the object that the SSL_CTX's callbacks
    /// reach.
    private let context: TLSContext
    private var phase = Phase.handshaking
    private var hasStarted = false
    private var sentClose = false
    private var allowance = PeerAllowance()
    /// What encrypts in OpenSSL's stead, once the handshake has come to keys that it takes.
    private var sealer: RecordSealer?

    /// Makes a session that awaits a ClientHello.
    package init(server context: TLSContext) {
        // SAFETY: a new session, owned here. With one BIO for both directions it takes over the one reference
        // to that (SSL_set_bio(3)).
        ssl = unsafe Owned(context.makeSSL(), freedBy: SSL_free)
        unsafe bio = BufferBIO.make()
        self.context = context
        unsafe SSL_set_bio(ssl.pointer, bio, bio)
        unsafe SSL_set_accept_state(ssl.pointer)
    }

    /// Feeds octets that arrived and drains what they decrypt to.
    ///
    /// Works until the ciphertext is used up or `plaintext` holds `plaintextMax` octets (then see
    /// `TLSProgress.full`); a handshake goes on in either case. After the peer's end or a failure, further
    /// ciphertext is dropped.
    /// - Parameters:
    ///   - ciphertext: octets from the peer, cut anywhere; consumed.
    ///   - plaintext: what they decrypt to is appended.
    ///   - plaintextMax: octets, with what `plaintext` holds already; above 0.
    ///   - replies: what has to go to the peer is appended: handshake messages, tickets, alerts.
    package mutating func receive(
        _ ciphertext: inout Buffer, into plaintext: inout Buffer, plaintextMax: Int, replies: inout Buffer
    ) -> TLSProgress {
        precondition(plaintextMax > 0, "a session needs room for plaintext")
        switch phase {
        case .handshaking where !hasStarted && !ciphertext.isEmpty:
            // A handshake record begins with 22; a request with the upper-case letter of a method (RFC 9110
            // section 9.1).
            if 0x41...0x5A ~= ciphertext.octets[0] { return .plainHTTP }
            hasStarted = true
        case .handshaking, .open: break
        case .closedByPeer, .failed:
            ciphertext.removeAll()
            return progress
        }
        let waiting = ciphertext.count
        // SAFETY: while the pointers are in use, both buffers are reached only through them.
        let (isFull, left) = unsafe withUnsafeMutablePointer(to: &replies) { output in
            unsafe ciphertext.octets.withUnsafeBufferPointer { input in
                unsafe exchanging(input: input, output: output) { session, exchange in
                    let isFull = unsafe session.work(exchange, into: &plaintext, plaintextMax: plaintextMax)
                    return unsafe (isFull, exchange.pointee.inputCount)
                }
            }
        }
        ciphertext.consume(waiting - left)
        return isFull ? .full : progress
    }

    /// Encrypts `plaintext` into records at the end of `ciphertext`: full ones of 16 KiB, then the rest, so
    /// what is given in one call shares a record where it fits.
    ///
    /// The peer may have sent its close_notify; the handshake must be complete.
    /// - Returns: false, with nothing appended that counts, on a session that failed or was closed.
    @discardableResult
    package mutating func send(_ plaintext: Span<UInt8>, into ciphertext: inout Buffer) -> Bool {
        switch phase {
        case .handshaking: preconditionFailure("sending before the handshake is complete")
        case .failed: return false
        case .open, .closedByPeer: if sentClose { return false }
        }
        if plaintext.isEmpty { return true }
        // A key update that the peer asked for comes before anything else that is sent (RFC 8446 section
        // 4.6.3).
        // SAFETY: values only.
        if let sealer, unsafe SSL_get_key_update_type(ssl.pointer) == SSL_KEY_UPDATE_NONE {
            return seal(plaintext, with: sealer, into: &ciphertext)
        }
        let recordCount = (plaintext.count + Self.recordByteCountMax - 1) / Self.recordByteCountMax
        ciphertext.reserve(plaintext.count + recordCount * Self.recordOverheadByteCount)
        // SAFETY: while the pointers are in use, the buffer is reached only through them; the plaintext is
        // only read.
        return unsafe withUnsafeMutablePointer(to: &ciphertext) { output in
            unsafe plaintext.withUnsafeBytes { octets in
                unsafe exchanging(input: nil, output: output) { session, exchange in
                    var written = 0
                    ErrorQueue.clear()
                    let result = unsafe SSL_write_ex(
                        session.ssl.pointer, octets.baseAddress, octets.count, &written)
                    if result == 1 { return true }
                    // The buffer takes everything, so "would block" can't be the reason: SSL_get_error(3)
                    // says SSL_ERROR_SSL or SSL_ERROR_SYSCALL, after which the session is dead.
                    unsafe session.fail(exchange)
                    return false
                }
            }
        }
    }

    /// Whether what is sent is encrypted here, and not by OpenSSL.
    var isSealing: Bool { sealer != nil }

    private mutating func seal(
        _ plaintext: Span<UInt8>, with sealer: RecordSealer, into ciphertext: inout Buffer
    ) -> Bool {
        if sealer.seal(plaintext, as: RecordSealer.applicationDataType, into: &ciphertext) { return true }
        phase = .failed(TLSFailure(cause: ErrorQueue.take(), alertSent: nil))
        return false
    }

    /// Says that nothing more will be sent (close_notify, RFC 8446 section 6.1). Only the first call does
    /// anything, and none does before the handshake is complete or after a failure (SSL_shutdown(3)).
    package mutating func close(into ciphertext: inout Buffer) {
        guard isHandshakeComplete, !sentClose else { return }
        sentClose = true
        // SAFETY: while the pointers are in use, the buffer is reached only through them.
        unsafe withUnsafeMutablePointer(to: &ciphertext) { output in
            unsafe exchanging(input: nil, output: output) { session, exchange in
                ErrorQueue.clear()
                // 0: sent, the peer's is still out; 1: both are done.
                if unsafe SSL_shutdown(session.ssl.pointer) < 0 { unsafe session.fail(exchange) }
            }
        }
    }

    /// Whether application data may be sent: the handshake is complete and the session has not failed.
    package var isHandshakeComplete: Bool {
        switch phase {
        case .open, .closedByPeer: true
        case .handshaking, .failed: false
        }
    }

    /// Whether decrypted octets wait inside, of which the socket knows nothing.
    package var hasPending: Bool {
        if case .open = phase { return unsafe SSL_pending(ssl.pointer) > 0 }
        return false
    }
}

// MARK: The work of a call

extension TLSSession {
    private var progress: TLSProgress {
        switch phase {
        case .handshaking: .handshaking
        case .open: .open
        case .closedByPeer: .closedByPeer
        case .failed(let failure): .failed(failure)
        }
    }

    /// Points the BIO at the caller's buffers for as long as `body` runs.
    private mutating func exchanging<Result>(
        input: UnsafeBufferPointer<UInt8>?, output: UnsafeMutablePointer<Buffer>,
        _ body: (inout TLSSession, UnsafeMutablePointer<Exchange>) -> Result
    ) -> Result {
        // While the handshake lasts, octets are counted and not steps.
        let stepsLeft = isHandshakeComplete ? allowance.stepsLeft : Int.max
        // SAFETY: the BIO forgets the exchange before it goes out of scope.
        var exchange = unsafe Exchange(input: input, output: output, stepsLeft: stepsLeft, sealer: sealer)
        return unsafe withUnsafeMutablePointer(to: &exchange) { exchange in
            unsafe BIO_set_data(bio, exchange)
            let result = unsafe body(&self, exchange)
            unsafe BIO_set_data(bio, nil)
            sealer = unsafe exchange.pointee.sealer
            return result
        }
    }

    /// Goes on with the handshake, then decrypts. True where it stopped for want of room.
    private mutating func work(
        _ exchange: UnsafeMutablePointer<Exchange>, into plaintext: inout Buffer, plaintextMax: Int
    ) -> Bool {
        if case .handshaking = phase {
            unsafe shakeHands(exchange)
            guard case .open = phase else { return false }
            unsafe exchange.pointee.stepsLeft = allowance.stepsLeft
        }
        let countBefore = plaintext.count
        let isFull = unsafe decrypt(exchange, into: &plaintext, plaintextMax: plaintextMax)
        unsafe allowance.settle(
            stepsLeft: exchange.pointee.stepsLeft, received: plaintext.count - countBefore)
        return isFull
    }

    private mutating func shakeHands(_ exchange: UnsafeMutablePointer<Exchange>) {
        let countBefore = unsafe exchange.pointee.inputCount
        ErrorQueue.clear()
        let result = unsafe SSL_do_handshake(ssl.pointer)
        if result == 1 {
            phase = .open
            return
        }
        switch unsafe SSL_get_error(ssl.pointer, result) {
        case SSL_ERROR_WANT_READ:
            let count = unsafe countBefore - exchange.pointee.inputCount
            if allowance.spend(handshakeByteCount: count) { return }
            unsafe fail(exchange, "the handshake takes too many octets")
        case SSL_ERROR_ZERO_RETURN: unsafe fail(exchange, "the peer closed in the handshake")
        default: unsafe fail(exchange)
        }
    }

    private mutating func decrypt(
        _ exchange: UnsafeMutablePointer<Exchange>, into plaintext: inout Buffer, plaintextMax: Int
    ) -> Bool {
        while true {
            let waiting = unsafe exchange.pointee.inputCount + Int(SSL_pending(ssl.pointer))
            if waiting == 0 { return false }
            let room = plaintextMax - plaintext.count
            if room <= 0 { return true }
            var taken = 0
            ErrorQueue.clear()
            let result = plaintext.withFree(minimum: min(room, waiting)) { free in
                // SAFETY: SSL_read_ex writes at most the octets it is told are free, and says how many it
                // wrote.
                unsafe free.withUnsafeMutableBufferPointer { memory, initialized in
                    let count = min(room, memory.count)
                    let result = unsafe SSL_read_ex(ssl.pointer, memory.baseAddress, count, &taken)
                    initialized = taken
                    return result
                }
            }
            if result == 1 { continue }
            switch unsafe SSL_get_error(ssl.pointer, result) {
            case SSL_ERROR_WANT_READ:
                if unsafe exchange.pointee.stepsLeft < 0 { unsafe fail(exchange, "too many key updates") }
            case SSL_ERROR_ZERO_RETURN: phase = .closedByPeer
            default: unsafe fail(exchange)
            }
            return false
        }
    }

    /// Ends the session. After SSL_ERROR_SSL and SSL_ERROR_SYSCALL no call but SSL_free may follow
    /// (SSL_get_error(3)); an alert that OpenSSL wrote has reached the replies. Where the cause is ours
    /// OpenSSL has no way to send one.
    private mutating func fail(_ exchange: UnsafeMutablePointer<Exchange>, _ cause: String? = nil) {
        let alertSent = unsafe exchange.pointee.alertSent
        phase = .failed(TLSFailure(cause: cause ?? ErrorQueue.take(), alertSent: alertSent))
    }
}
