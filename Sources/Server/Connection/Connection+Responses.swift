import Bytes
import HTTP
import Logging
import Posix

extension Connection {
    /// Writes the workspace's response: head and small content into one record, larger content in later
    /// turns.
    ///
    /// - Parameter since: when the request came, in microseconds of the monotonic clock; nil for this turn.
    func respond(_ workspace: inout Workspace, _ turn: borrowing Turn, since: UInt64? = nil) {
        if workspace.response.isWithheld {
            // No status would be true: the connection ends without one.
            workspace.access?.forget()
            isClosing = true
            return
        }
        workspace.response.logFailure(turn.logger)
        note(&workspace, since: since ?? turn.monotonicMicroseconds)
        // An event stream's end is its own, and comes later.
        let isOpenEnded = workspace.response.isOpenEnded
        if !isKeptAlive && (isHead || !isOpenEnded) { isClosing = true }
        HeadWriter.append(status: workspace.response.status, to: &workspace.responses)
        workspace.response.appendFields(date: workspace.dates.line, to: &workspace.responses)
        if isOpenEnded && !isVersion10 { workspace.responses.append("Transfer-Encoding: chunked\r\n") }
        if service.isEncrypted {
            let line = turn.context.settings.strictTransport
            workspace.responses.append(copying: line.span)
        }
        if isClosing || !isKeptAlive {
            workspace.responses.append("Connection: close\r\n")
        } else if isVersion10 {
            workspace.responses.append("Connection: keep-alive\r\n")
        }
        workspace.responses.append("\r\n")
        if isHead { return }
        if isOpenEnded { appendChunk(&workspace) } else { appendContent(&workspace) }
    }

    /// Counts the response, and gives it its line in the access log.
    func note(_ workspace: inout Workspace, since: UInt64) {
        let duration = workspace.countRequest(isHTTP2: exchange != nil, since: since)
        guard let access = workspace.access else { return }
        access.append(
            peer: peerText, exchange != nil ? "HTTP/2.0" : isVersion10 ? "HTTP/1.0" : "HTTP/1.1",
            status: workspace.response.status,
            byteCount: isHead ? 0 : workspace.response.contentByteCount, microseconds: duration)
    }

    /// Small content joins the head; of larger content as much as fills the head's record, so that no octet
    /// of it is copied but those.
    func appendContent(_ workspace: inout Workspace) {
        let used = workspace.responses.count % TurnLimits.recordByteCountMax
        let room = TurnLimits.recordByteCountMax - used
        switch workspace.response.content {
        case .none: return
        case .text where workspace.response.text.count <= TurnLimits.gatheredByteCountMax:
            let text = workspace.response.text
            workspace.responses.append(copying: text.span)
            return
        case .shared(let octets, let range) where range.count <= room:
            workspace.responses.append(copying: octets.span.extracting(range))
            return
        case .mapped(let file, let range) where range.count <= room:
            workspace.responses.append(copying: file.octets.extracting(range))
            return
        case .text, .shared, .mapped, .parts: break
        }
        var cursor = ContentCursor(workspace.response)
        cursor.append(octetsMax: room, to: &workspace.responses)
        if !cursor.isAtEnd { remainder = cursor }
    }
}

extension Response {
    /// Appends the field lines that any version of HTTP sends.
    ///
    /// - Parameter date: the Date field's line.
    borrowing func appendFields(date: [UInt8], to buffer: inout Buffer) {
        buffer.append(copying: date.span)
        if let block {
            let lines = block.octets
            buffer.append(copying: lines.span)
        }
        buffer.append(contentsOf: fields)
        if !hasContentLength { return }
        buffer.append("Content-Length: ")
        buffer.append(decimal: UInt64(contentByteCount))
        buffer.append("\r\n")
    }

    /// Tells the operator what went wrong on this side, if anything did.
    borrowing func logFailure(_ logger: Logger) {
        if let failure {
            logger.error("a request could not be answered", metadata: ["error": "\(failure)"])
        }
    }
}

extension Connection {
    /// A time limit is over: the client is told where a request is under way, and the connection ends.
    func timeOut(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Outcome {
        if let exchange, phase == .head { return timeOut(exchange, &workspace, turn) }
        if phase == .follow { return timeOutFollowing(&workspace, turn) }
        if phase != .linger { workspace.metrics.timeouts[Int(timeoutKind.rawValue)] += 1 }
        if isClosing && isWaitingForRoom { return .close }
        switch phase {
        case .handshake, .linger, .commit, .follow: return .close
        case .head where plaintext.isEmpty && output.isEmpty && remainder == nil:
            return sayGoodbye(&workspace, turn)
        case .body:
            // A response that is not read can't be followed by another one.
            return output.isEmpty && remainder == nil ? endUpload(.timedOut, &workspace, turn) : .close
        case .head, .discard:
            if !output.isEmpty || remainder != nil || phase == .discard { return .close }
            switch service {
            case .streaming, .plain, .trusted: Router.timeOut(turn.context, &workspace.response)
            case .admin: AdminRouter.timeOut(&workspace.response)
            }
            isHead = false
            isKeptAlive = false
            mustLinger = true
            respond(&workspace, turn)
            return work(&workspace, turn)
        }
    }

    private var timeoutKind: ConnectionTimeout {
        if !output.isEmpty || remainder != nil { return .response }
        return switch phase {
        case .handshake: .handshake
        case .head: isHeadUnderDeadline ? .head : .idle
        case .body, .discard, .commit, .follow, .linger: .body
        }
    }

    /// Ends a connection on which nothing is under way.
    func sayGoodbye(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Outcome {
        if let exchange { exchange.refuseStreams() } else { isClosing = true }
        return work(&workspace, turn)
    }
}
