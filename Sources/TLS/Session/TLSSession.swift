package import Bytes

/// The record layer of one connection, as the server: ciphertext in, plaintext out, and the reverse. It knows
/// no socket, never waits, and holds octets between calls only of a record that has not come whole, or whose
/// content found no room. One thread.
///
/// OpenSSL makes the handshake. With TLS 1.3 it is let go then, and the records are those of
/// `ProtectedRecords`; with TLS 1.2 it stays.
///
/// A stream that ends without `TLSProgress.closedByPeer` was cut off; that is for the owner of the socket to
/// see.
package struct TLSSession: ~Copyable {
    private enum Phase {
        case handshaking
        case open
        case closedByPeer
        case failed(TLSFailure)
    }

    private var phase = Phase.handshaking
    private var hasStarted = false
    private var sentClose = false
    private var allowance = PeerAllowance()
    /// The alert that is to be sent behind all else, where others make the records; its two octets.
    package private(set) var lastWord: InlineArray<2, UInt8>?
    /// One of the two, but for a session that failed.
    private var library: OpenSSLSession?
    private var records: ProtectedRecords?
    /// What the handshake agreed on, once it is complete.
    package private(set) var agreement: Agreement?

    /// Makes a session that awaits a ClientHello.
    package init(server context: TLSContext) {
        library = OpenSSLSession(server: context)
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
        case .handshaking:
            if !hasStarted && !ciphertext.isEmpty {
                // A handshake record begins with 22; a request with the upper-case letter of a method (RFC
                // 9110 section 9.1).
                if 0x41...0x5A ~= ciphertext.octets[0] { return .plainHTTP }
                hasStarted = true
            }
            shakeHands(&ciphertext, &replies)
            guard case .open = phase else { return progress }
        case .open: break
        case .closedByPeer, .failed:
            ciphertext.removeAll()
            return progress
        }
        let isFull =
            records == nil
            ? receiveByLibrary(&ciphertext, &plaintext, plaintextMax, &replies)
            : receiveRecords(&ciphertext, &plaintext, plaintextMax, &replies)
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
        if records == nil { return goOn(library!.send(plaintext, into: &ciphertext)) }
        do throws(RecordFault) {
            try records!.seal(plaintext, into: &ciphertext)
            return true
        } catch {
            return goOn(TLSFailure(cause: error.cause, alertSent: nil))
        }
    }

    /// Says that nothing more will be sent (close_notify, RFC 8446 section 6.1). Only the first call does
    /// anything, and none does before the handshake is complete or after a failure.
    package mutating func close(into ciphertext: inout Buffer) {
        guard isHandshakeComplete, !sentClose else { return }
        sentClose = true
        if records == nil {
            goOn(library!.close(into: &ciphertext))
            return
        }
        do throws(RecordFault) {
            try say(.closeNotify, into: &ciphertext)
        } catch {
            goOn(TLSFailure(cause: error.cause, alertSent: nil))
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
        guard case .open = phase else { return false }
        switch records {
        case .some(let records): return records.hasSurplus
        case .none: break
        }
        switch library {
        case .some(let library): return library.hasPending
        case .none: return false
        }
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

    /// Ends the session where there is a failure; whether there is none.
    @discardableResult
    private mutating func goOn(_ failure: TLSFailure?) -> Bool {
        guard let failure else { return true }
        phase = .failed(failure)
        library = nil
        records = nil
        return false
    }

    private mutating func shakeHands(_ ciphertext: inout Buffer, _ replies: inout Buffer) {
        switch library!.shakeHands(&ciphertext, replies: &replies, &allowance) {
        case .usedUp, .full, .closedByPeer: break
        case .failed(let failure): goOn(failure)
        case .handshakeComplete:
            let agreement = library!.takeAgreement()
            self.agreement = agreement
            phase = .open
            if !agreement.isTLS13 { break }
            records = library!.takeRecords(agreement)
            library = nil
            if records == nil { goOn(TLSFailure(cause: "no keys for the suite agreed on", alertSent: nil)) }
        }
    }

    /// True where it stopped for want of room.
    private mutating func receiveByLibrary(
        _ ciphertext: inout Buffer, _ plaintext: inout Buffer, _ plaintextMax: Int, _ replies: inout Buffer
    ) -> Bool {
        switch library!.receive(
            &ciphertext, into: &plaintext, plaintextMax: plaintextMax, replies: &replies, &allowance)
        {
        case .usedUp, .handshakeComplete: return false
        case .full: return true
        case .closedByPeer: phase = .closedByPeer
        case .failed(let failure): goOn(failure)
        }
        return false
    }

    /// True where it stopped for want of room.
    private mutating func receiveRecords(
        _ ciphertext: inout Buffer, _ plaintext: inout Buffer, _ plaintextMax: Int, _ replies: inout Buffer
    ) -> Bool {
        let countBefore = plaintext.count
        var permits = ProtectedRecords.Permits(stepsLeft: allowance.stepsLeft, mayReply: !sentClose)
        do throws(RecordFault) {
            let end = try records!.receive(
                &ciphertext, into: &plaintext, plaintextMax: plaintextMax, replies: &replies, &permits)
            allowance.settle(stepsLeft: permits.stepsLeft, received: plaintext.count - countBefore)
            if end == .closedByPeer { phase = .closedByPeer }
            return end == .full
        } catch {
            fail(error, &replies)
            return false
        }
    }

    private mutating func say(_ alert: Alert, into ciphertext: inout Buffer) throws(RecordFault) {
        if isHandedOver {
            lastWord = alert.octets
        } else {
            try records!.seal(alert, into: &ciphertext)
        }
    }

    /// Ends a session of TLS 1.3, and tells the peer why.
    private mutating func fail(_ fault: RecordFault, _ replies: inout Buffer) {
        var alertSent: UInt8?
        if let alert = fault.alert, !sentClose {
            do throws(RecordFault) {
                try say(alert, into: &replies)
                alertSent = alert.rawValue
            } catch {
                // There is no memory to say it in: the peer sees the end of the stream.
            }
        }
        goOn(TLSFailure(cause: fault.cause, alertSent: alertSent))
    }
}

// MARK: Records that others make

extension TLSSession {
    /// Whether others make the records that are sent: `send` then appends what it is given, and no alert ever
    /// comes that way, see `lastWord`.
    package var isHandedOver: Bool {
        switch records {
        case .some(let records): records.isHandedOver
        case .none: false
        }
    }

    /// Whether others could make the records that are sent from now on: the session is one of TLS 1.3 with
    /// AES, and open.
    package var canHandOver: Bool {
        guard isHandshakeComplete, !sentClose else { return false }
        switch records {
        case .some(let records): return records.canHandOver
        case .none: return false
        }
    }

    /// Whether others have made nearly as many records as one key may (RFC 8446 section 5.5). Nothing new is
    /// to be begun then: the session ends when there are as many.
    package var isWorn: Bool {
        switch records {
        case .some(let records): records.isWorn
        case .none: false
        }
    }

    /// Hands over the key of the records that are sent. All that was sealed must be on its way, since the
    /// next record is `take`'s.
    ///
    /// That key can't be changed any more: the session ends with close_notify where the peer asks for it, or
    /// where it has sealed as much as is safe.
    /// - Parameter take: given the key, the nonce's base, of 12 octets, and the next record's number. Where
    ///   it returns false all is as before.
    /// - Returns: what `take` returned.
    package mutating func handOver(
        to take: (_ key: Span<UInt8>, _ nonceBase: Span<UInt8>, _ recordNumber: UInt64) -> Bool
    ) -> Bool {
        precondition(canHandOver, "sending is handed over once, in an open session")
        return records!.handOver(to: take)
    }

    /// Counts octets that were given to whoever makes the records, and did not come by `send`.
    package mutating func countElsewhere(_ byteCount: Int) {
        if records != nil { records!.countElsewhere(byteCount) }
    }

    /// The last word is out.
    package mutating func forgetLastWord() { lastWord = nil }
}
