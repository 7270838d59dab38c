import Bytes
import HTTP
import Logging
import Posix
import TLS

// From the socket to the parser and back: one receive, one decryption, all requests that are whole, one send.

extension Connection {
    /// What the loop has to do with a connection after its turn.
    enum Outcome {
        case keep
        /// There is more to do without an event: another turn, after the others have had theirs.
        case again
        case close
    }

    /// The socket has octets, the end of the stream, or an error.
    func readable(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Outcome {
        if phase == .linger { return dropInput(&workspace) }
        switch descriptor.receive(into: &workspace.ciphertext, octetsMax: TurnLimits.receiveByteCountMax) {
        case .octets(let count):
            // Level-triggered: what did not fit raises the next event, after the others' turns.
            // By HTTP/2 each upload counts its own.
            if exchange == nil { deadlines.count(count) }
            workspace.metrics.receivedByteCount += UInt64(count)
        case .wouldBlock: return .keep
        case .endOfStream:
            // Nobody waits for a second end: a hang-up raised the event, and would raise it again and again.
            if isPeerDone { return .close }
            isPeerDone = true
        case .failed: return .close
        }
        return work(&workspace, turn)
    }

    /// The socket takes octets again.
    func writable(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Outcome {
        // The last word alone has waited.
        if output.isEmpty { return work(&workspace, turn) }
        switch descriptor.send(output.octets) {
        case .octets(let count):
            countSent(count, &workspace)
            output.consume(count)
        case .wouldBlock: return .keep
        case .failed: return .close
        }
        if !output.isEmpty { return .keep }
        output.release()
        return work(&workspace, turn)
    }

    /// Goes on with whatever can go on: decrypts, serves, encrypts, and sends once.
    func work(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Outcome {
        precondition(
            workspace.responses.isEmpty || output.isEmpty, "an answer waits for those before it to be sent")
        if !output.isEmpty {
            keepInput(&workspace, isAlive: true)
            return .keep
        }
        workspace.piecesLeft = TurnLimits.piecesMax
        restoreInput(&workspace)
        let isAlive = decrypt(&workspace, turn)
        var more = false
        var isEncrypted = true
        if isAlive {
            repeat {
                if let exchange {
                    more = serve(exchange, &workspace, turn)
                    if isPeerDone && !more { more = endInput(exchange, &workspace) }
                } else {
                    more = serve(&workspace, turn)
                    if isPeerDone && !more { more = endInput(workspace) }
                }
                isEncrypted = encrypt(&workspace, turn)
            } while more && isEncrypted && remainder == nil && workspace.piecesLeft > 0
                && workspace.output.count < TurnLimits.sendByteCountMax
        }
        keepInput(&workspace, isAlive: isAlive)
        guard flush(&workspace), isEncrypted else { return .close }
        if turn.usesKernelRecords && output.isEmpty && goesStraight(turn) && !sendStraight(&workspace, turn) {
            return .close
        }
        return settle(more: more, isQueueFull: workspace.isQueueFull, turn)
    }

    /// The peer has ended its direction, and all that can be done without further octets is done. True where
    /// that makes more to do.
    private func endInput(_ workspace: borrowing Workspace) -> Bool {
        if phase == .head && remainder == nil { isClosing = true }
        // Who awaits one answer may still read it (RFC 9293 section 3.6). An event stream, which is never
        // whole, ends here: nobody would notice for long that its reader is gone.
        if phase == .follow && remainder == nil && !(follower!.isAnswer && records.mayEndOneWay) {
            isClosing = true
        }
        guard phase == .body, let pending, !pending.isWaitingForLog, !workspace.isQueueFull,
            workspace.plaintext.isEmpty, workspace.ciphertext.isEmpty, !records.hasPending
        else { return false }
        pending.end(.cutOff)
        phase = .commit
        return true
    }

    /// Puts what waited from earlier turns in front of what was just received.
    private func restoreInput(_ workspace: inout Workspace) {
        if !ciphertext.isEmpty {
            ciphertext.append(contentsOf: workspace.ciphertext)
            workspace.ciphertext.removeAll()
            workspace.ciphertext.append(contentsOf: ciphertext)
            ciphertext.release()
        }
        if !plaintext.isEmpty {
            workspace.plaintext.append(contentsOf: plaintext)
            plaintext.release()
        }
    }

    /// Keeps what could not be worked off for a later turn.
    private func keepInput(_ workspace: inout Workspace, isAlive: Bool) {
        if isAlive {
            if !workspace.ciphertext.isEmpty { ciphertext.append(contentsOf: workspace.ciphertext) }
            if !workspace.plaintext.isEmpty { plaintext.append(contentsOf: workspace.plaintext) }
        }
        workspace.ciphertext.removeAll()
        workspace.plaintext.removeAll()
    }

    /// Decrypts into the workspace; false where the connection can only say its last words.
    private func decrypt(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Bool {
        if phase == .linger || isClosing { return true }
        let progress = records.receive(
            &workspace.ciphertext, into: &workspace.plaintext,
            plaintextMax: TurnLimits.plaintextByteCountMax, replies: &workspace.output)
        switch progress {
        case .handshaking: return true
        case .open, .full: return open(&workspace, turn)
        case .closedByPeer:
            // The handshake's last message, a request and the end may have come together.
            isPeerDone = true
            return open(&workspace, turn)
        case .plainHTTP:
            workspace.metrics.count(HandshakeFailure.plainHTTP)
            workspace.output.append(PlainHTTPAnswer.octets)
            endAfterLastWords()
            return false
        case .failed(let failure):
            if phase == .handshake { workspace.metrics.count(HandshakeFailure(failure)) }
            turn.logger.debug("TLS failed", metadata: ["reason": "\(failure)"])
            endAfterLastWords()
            return false
        }
    }

    /// The handshake is complete: what follows is of the protocol that it agreed on. False where there is no
    /// memory for that.
    private func open(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Bool {
        if phase != .handshake { return true }
        phase = .head
        deadlines.endWait()
        guard let agreement = records.agreement else { return true }
        workspace.metrics.countHandshake(isTLS13: agreement.isTLS13, wasResumed: agreement.wasResumed)
        requester.certificate = agreement.clientCertificate
        if agreement.applicationProtocol != ApplicationProtocol.http2 { return true }
        exchange = HTTP2Exchange(limits: turn.http2Limits, requestLimits: turn.requestLimits)
        if exchange == nil { endAfterLastWords() }
        return exchange != nil
    }

    /// Whatever is in the output is the last this connection says.
    func endAfterLastWords() {
        isClosing = true
        mustLinger = true
        phase = .linger
        remainder = nil
    }

    /// Encrypts the gathered responses, then as much of a larger one as one turn may send; false where the
    /// session is dead.
    private func encrypt(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Bool {
        var isAlive = true
        if !workspace.responses.isEmpty {
            isAlive = records.send(contentsOf: workspace.responses, into: &workspace.output)
            workspace.responses.removeAll()
        }
        while isAlive && remainder != nil && workspace.output.count < TurnLimits.sendByteCountMax
            && !goesStraight(turn)
        {
            let room = TurnLimits.sendByteCountMax - workspace.output.count
            // Whole records but for the last: a short one in the middle would cost as much as a full one.
            let wholeRecords = max(1, room / TurnLimits.recordByteCountMax) * TurnLimits.recordByteCountMax
            isAlive = remainder!.send(octetsMax: wholeRecords, through: &records, into: &workspace.output)
            if remainder!.isAtEnd { remainder = nil }
        }
        if isClosing && remainder == nil && !hasSaidGoodbye {
            hasSaidGoodbye = true
            records.close(into: &workspace.output)
        }
        return isAlive
    }

    /// Sends what the turn made; false where the connection is gone.
    private func flush(_ workspace: inout Workspace) -> Bool {
        if workspace.output.isEmpty { return true }
        defer { workspace.output.removeAll() }
        switch descriptor.send(workspace.output.octets) {
        case .octets(let count):
            countSent(count, &workspace)
            if count < workspace.output.count {
                output.append(copying: workspace.output.octets.extracting(count..<workspace.output.count))
            }
            return true
        case .wouldBlock:
            output.append(contentsOf: workspace.output)
            return true
        case .failed: return false
        }
    }

    /// The socket has taken octets.
    func countSent(_ count: Int, _ workspace: inout Workspace) {
        deadlines.count(exchange?.takeSent(count) ?? count)
        workspace.metrics.sentByteCount += UInt64(count)
    }

    /// Decides how the connection waits for what comes next, and under which limit.
    private func settle(more: Bool, isQueueFull: Bool, _ turn: borrowing Turn) -> Outcome {
        if !output.isEmpty || remainder != nil {
            // Nobody is silent who has something to send: the reader's pace is what counts then.
            if phase == .follow { deadlines.endWait() }
            deadlines.startRate(now: turn.monotonic)
            return output.isEmpty ? .again : .keep
        }
        if isClosing {
            if let outcome = sayLastWord(turn) { return outcome }
            if !mustLinger || isPeerDone { return .close }
            phase = .linger
            descriptor.shutDownWriting()
            deadlines.expire(at: turn.monotonic + turn.limits.lingerTimeoutMilliseconds)
            return .keep
        }
        let canDecrypt = !ciphertext.isEmpty || records.hasPending
        if more || canDecrypt && plaintext.count < TurnLimits.plaintextByteCountMax { return .again }
        switch phase {
        case .handshake where isPeerDone, .head where isPeerDone, .discard where isPeerDone: return .close
        case .handshake: break
        case .head where exchange != nil: awaitStreams(exchange!, turn)
        case .head: awaitHead(turn)
        case .body: awaitBody(isQueueFull: isQueueFull, turn)
        case .discard: deadlines.startRate(now: turn.monotonic)
        case .commit: deadlines.suspend()
        case .follow: deadlines.expire(at: follower!.expiresAt)
        case .linger: break
        }
        return .keep
    }

    /// A single item's body must keep to the least rate; a stream may rest for longer. Both have all the time
    /// that the log takes: until then nothing is read.
    private func awaitBody(isQueueFull: Bool, _ turn: borrowing Turn) {
        if pending!.isWaitingForLog || isQueueFull {
            deadlines.suspend()
        } else if pending!.head.body.isStream {
            deadlines.expireOnce(at: turn.monotonic + turn.limits.streamIdleTimeoutMilliseconds)
        } else {
            deadlines.startRate(now: turn.monotonic)
        }
    }

    /// The next head must come within a limit: the first one, and any that has begun, within the shorter one.
    private func awaitHead(_ turn: borrowing Turn) {
        if isHeadUnderDeadline { return }
        isHeadUnderDeadline = !plaintext.isEmpty || !hasServed
        if isHeadUnderDeadline {
            deadlines.expire(at: turn.monotonic + turn.limits.headerTimeoutMilliseconds)
        } else {
            deadlines.expireOnce(at: turn.monotonic + turn.limits.idleTimeoutMilliseconds)
        }
    }

    /// Reads and drops what a refused peer still sends, until it has read the answer and closes.
    private func dropInput(_ workspace: inout Workspace) -> Outcome {
        defer { workspace.ciphertext.removeAll() }
        switch descriptor.receive(into: &workspace.ciphertext, octetsMax: TurnLimits.receiveByteCountMax) {
        case .octets(let count):
            lingered += count
            return lingered > TurnLimits.lingerByteCountMax ? .close : .keep
        case .wouldBlock: return .keep
        case .endOfStream, .failed: return .close
        }
    }

    /// Something is to be sent that the socket had no room for.
    var isWaitingForRoom: Bool { !output.isEmpty || isClosing && records.lastWord != nil }

    /// What the poller should watch for.
    var wanted: Poller.Interest {
        if isWaitingForRoom { return .write }
        if phase == .linger { return .read }
        let hasRoom = plaintext.count < TurnLimits.plaintextByteCountMax && ciphertext.isEmpty
        return remainder == nil && hasRoom && !isPeerDone ? .read : .none
    }
}

/// What a client reads that speaks plain HTTP to the TLS port.
enum PlainHTTPAnswer {
    static let octets: StaticString = """
        HTTP/1.1 400 Bad Request\r
        Content-Type: text/plain; charset=utf-8\r
        Content-Length: 61\r
        Cache-Control: no-store\r
        Connection: close\r
        \r
        This port speaks HTTPS. Use the same address with https:// .

        """
}
