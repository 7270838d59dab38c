import Bytes
import COpenSSL

/// OpenSSL's side of a session: every handshake, and TLS 1.2 for as long as it lasts.
@safe
struct OpenSSLSession: ~Copyable {
    /// How a call ended.
    enum Outcome {
        /// All that came is worked off; more has to come.
        case usedUp
        /// Decrypted all that there was room for.
        case full
        case handshakeComplete
        case closedByPeer
        case failed(TLSFailure)
    }

    /// The most a record of TLS 1.2 adds: header 5, nonce 8, tag 16 (RFC 5288 section 3).
    private static let recordOverheadByteCount = 29

    private let ssl: Owned
    /// Owned by `ssl`.
    private let bio: OpaquePointer
    /// OpenSSL counts its references to the SSL_CTX; this one keeps the object that the SSL_CTX's callbacks
    /// reach.
    private let context: TLSContext
    private let notes = HandshakeNotes()

    /// Makes a session that awaits a ClientHello.
    init(server context: TLSContext) {
        // SAFETY: a new session, owned here. With one BIO for both directions it takes over the one reference
        // to that (SSL_set_bio(3)).
        ssl = unsafe Owned(context.makeSSL(), freedBy: SSL_free)
        unsafe bio = BufferBIO.make()
        self.context = context
        unsafe SSL_set_bio(ssl.pointer, bio, bio)
        unsafe SSL_set_accept_state(ssl.pointer)
    }

    /// What the handshake agreed on, once it is complete.
    mutating func takeAgreement() -> Agreement { unsafe Agreement(of: ssl.pointer) }

    /// The records that follow a handshake of TLS 1.3, which then need this session no longer.
    mutating func takeRecords(_ agreement: Agreement) -> ProtectedRecords? {
        CipherSuite(number: agreement.suiteNumber).flatMap { notes.takeRecords($0) }
    }

    /// Whether decrypted octets wait inside.
    var hasPending: Bool { unsafe SSL_pending(ssl.pointer) > 0 }

    /// Goes on with the handshake. Octets behind it are left.
    mutating func shakeHands(
        _ ciphertext: inout Buffer, replies: inout Buffer, _ allowance: inout PeerAllowance
    ) -> Outcome {
        let waiting = ciphertext.count
        // While the handshake lasts, octets are counted and not steps.
        let (outcome, _) = unsafe receiving(&ciphertext, replies: &replies, stepsLeft: .max) {
            ssl, exchange in
            ErrorQueue.clear()
            let result = unsafe SSL_do_handshake(ssl)
            if result == 1 { return .handshakeComplete }
            switch unsafe SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ: return .usedUp
            case SSL_ERROR_ZERO_RETURN: return unsafe failed(exchange, "the peer closed in the handshake")
            default: return unsafe failed(exchange)
            }
        }
        if case .usedUp = outcome, !allowance.spend(handshakeByteCount: waiting - ciphertext.count) {
            return .failed(TLSFailure(cause: "the handshake takes too many octets", alertSent: nil))
        }
        return outcome
    }

    /// Decrypts, until the ciphertext is used up or `plaintext` holds `plaintextMax` octets.
    mutating func receive(
        _ ciphertext: inout Buffer, into plaintext: inout Buffer, plaintextMax: Int, replies: inout Buffer,
        _ allowance: inout PeerAllowance
    ) -> Outcome {
        let countBefore = plaintext.count
        let (outcome, stepsLeft) = unsafe receiving(
            &ciphertext, replies: &replies, stepsLeft: allowance.stepsLeft
        ) { ssl, exchange in
            unsafe decrypt(ssl, exchange, into: &plaintext, plaintextMax: plaintextMax)
        }
        allowance.settle(stepsLeft: stepsLeft, received: plaintext.count - countBefore)
        return outcome
    }

    /// Encrypts, and appends; the failure where there is one.
    mutating func send(_ plaintext: Span<UInt8>, into ciphertext: inout Buffer) -> TLSFailure? {
        let recordMax = ProtectedRecords.contentByteCountMax
        let recordCount = (plaintext.count + recordMax - 1) / recordMax
        ciphertext.reserve(plaintext.count + recordCount * Self.recordOverheadByteCount)
        // SAFETY: while the pointers are in use, the buffer is reached only through them; the plaintext is
        // only read.
        return unsafe withUnsafeMutablePointer(to: &ciphertext) { output in
            unsafe plaintext.withUnsafeBytes { octets in
                unsafe exchanging(input: nil, output: output, stepsLeft: .max) { ssl, exchange in
                    var written = 0
                    ErrorQueue.clear()
                    if unsafe SSL_write_ex(ssl, octets.baseAddress, octets.count, &written) == 1 {
                        return nil
                    }
                    // The buffer takes everything, so "would block" can't be the reason: SSL_get_error(3)
                    // says SSL_ERROR_SSL or SSL_ERROR_SYSCALL, after which the session is dead.
                    return unsafe failure(exchange)
                }
            }
        }
    }

    /// Appends close_notify; the failure where there is one (SSL_shutdown(3)).
    mutating func close(into ciphertext: inout Buffer) -> TLSFailure? {
        // SAFETY: while the pointers are in use, the buffer is reached only through them.
        unsafe withUnsafeMutablePointer(to: &ciphertext) { output in
            unsafe exchanging(input: nil, output: output, stepsLeft: .max) { ssl, exchange in
                ErrorQueue.clear()
                // 0: sent, the peer's is still out; 1: both are done.
                return unsafe SSL_shutdown(ssl) < 0 ? failure(exchange) : nil
            }
        }
    }
}

// MARK: The work of a call

extension OpenSSLSession {
    /// Points the BIO at the caller's buffers for as long as `body` runs.
    private func exchanging<Result>(
        input: UnsafeBufferPointer<UInt8>?, output: UnsafeMutablePointer<Buffer>, stepsLeft: Int,
        _ body: (OpaquePointer, UnsafeMutablePointer<Exchange>) -> Result
    ) -> Result {
        // SAFETY: the BIO forgets the exchange before it goes out of scope.
        var exchange = unsafe Exchange(input: input, output: output, stepsLeft: stepsLeft, notes: notes)
        return unsafe withUnsafeMutablePointer(to: &exchange) { exchange in
            unsafe BIO_set_data(bio, exchange)
            defer { unsafe BIO_set_data(bio, nil) }
            return unsafe body(ssl.pointer, exchange)
        }
    }

    /// The same for a call that reads, which then has consumed what it took; with the steps that are left.
    private func receiving(
        _ ciphertext: inout Buffer, replies: inout Buffer, stepsLeft: Int,
        _ body: (OpaquePointer, UnsafeMutablePointer<Exchange>) -> Outcome
    ) -> (Outcome, stepsLeft: Int) {
        let waiting = ciphertext.count
        // SAFETY: while the pointers are in use, both buffers are reached only through them.
        let (outcome, left, stepsLeft) = unsafe withUnsafeMutablePointer(to: &replies) { output in
            unsafe ciphertext.octets.withUnsafeBufferPointer { input in
                unsafe exchanging(input: input, output: output, stepsLeft: stepsLeft) { ssl, exchange in
                    let outcome = unsafe body(ssl, exchange)
                    return unsafe (outcome, exchange.pointee.inputCount, exchange.pointee.stepsLeft)
                }
            }
        }
        ciphertext.consume(waiting - left)
        return (outcome, stepsLeft)
    }

    private func decrypt(
        _ ssl: OpaquePointer, _ exchange: UnsafeMutablePointer<Exchange>, into plaintext: inout Buffer,
        plaintextMax: Int
    ) -> Outcome {
        while true {
            let waiting = unsafe exchange.pointee.inputCount + Int(SSL_pending(ssl))
            if waiting == 0 { return .usedUp }
            let room = plaintextMax - plaintext.count
            if room <= 0 { return .full }
            var taken = 0
            ErrorQueue.clear()
            let result = plaintext.withFree(minimum: min(room, waiting)) { free in
                // SAFETY: SSL_read_ex writes at most the octets it is told are free, and says how many it
                // wrote.
                unsafe free.withUnsafeMutableBufferPointer { memory, initialized in
                    let count = min(room, memory.count)
                    let result = unsafe SSL_read_ex(ssl, memory.baseAddress, count, &taken)
                    initialized = taken
                    return result
                }
            }
            if result == 1 { continue }
            switch unsafe SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ:
                return unsafe exchange.pointee.stepsLeft < 0
                    ? failed(exchange, "too many renegotiations") : .usedUp
            case SSL_ERROR_ZERO_RETURN: return .closedByPeer
            default: return unsafe failed(exchange)
            }
        }
    }

    private func failed(_ exchange: UnsafeMutablePointer<Exchange>, _ cause: String? = nil) -> Outcome {
        // SAFETY: as in `failure`.
        .failed(unsafe failure(exchange, cause))
    }

    /// The end of the session. After SSL_ERROR_SSL and SSL_ERROR_SYSCALL no call but SSL_free may follow
    /// (SSL_get_error(3)); an alert that OpenSSL wrote has reached the replies. Where the cause is ours
    /// OpenSSL has no way to send one.
    private func failure(_ exchange: UnsafeMutablePointer<Exchange>, _ cause: String? = nil) -> TLSFailure {
        // SAFETY: the exchange of the call under way.
        TLSFailure(cause: cause ?? ErrorQueue.take(), alertSent: unsafe exchange.pointee.alertSent)
    }
}
