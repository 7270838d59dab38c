import Bytes
import HTTP
import HTTP2
import TLS

// HTTP/2 (RFC 9113) between decrypted octets and the routes.

extension Connection {
    /// Serves what has arrived, and gathers what can be sent in this turn. True where it stopped for room
    /// only.
    func serve(_ exchange: HTTP2Exchange, _ workspace: inout Workspace, _ turn: borrowing Turn) -> Bool {
        while !workspace.plaintext.isEmpty {
            guard let count = exchange.session.receive(workspace.plaintext.octets, now: turn.monotonic) else {
                workspace.metrics.http2.countFailure()
                workspace.plaintext.removeAll()
                break
            }
            handleEvents(exchange, &workspace, turn)
            workspace.plaintext.consume(count)
        }
        workUploads(exchange, &workspace, turn)
        let room = TurnLimits.sendByteCountMax - workspace.output.count - workspace.responses.count
        let hasMore = exchange.session.makePieces(byteCountMax: room)
        if !gatherPieces(exchange, &workspace) { isClosing = true }
        // Streams that ended with what was sent.
        handleEvents(exchange, &workspace, turn)
        // Behind that, since who has something to send is given no more.
        let hasEvents = workFollowers(exchange, &workspace, turn)
        if exchange.session.isOver && !isClosing {
            if let excess = exchange.session.excess { workspace.metrics.http2.count(excess) }
            isClosing = true
            mustLinger = !isPeerDone
        }
        return (hasMore || hasEvents || workspace.piecesLeft == 0) && !isClosing
    }

    private func handleEvents(
        _ exchange: HTTP2Exchange, _ workspace: inout Workspace, _ turn: borrowing Turn
    ) {
        for index in exchange.session.events.indices {
            switch exchange.session.events[index] {
            case .request(let stream, let fields, let hasContent):
                takeRequest(stream, fields, hasContent: hasContent, exchange, &workspace, turn)
            case .content(let stream, let range):
                takeContent(stream, range, exchange, &workspace, turn)
            case .contentEnd(let stream): exchange.upload(of: stream)?.isInputOver = true
            case .answeredEarly(let stream):
                exchange.lingering.append((stream, turn.monotonic + turn.limits.lingerTimeoutMilliseconds))
            case .closed(let stream, _):
                exchange.lingering.removeAll { $0.stream == stream }
                exchange.setContent(nil, of: stream.slot)
                exchange.removeUpload(of: stream, &workspace)
                exchange.removeFollower(of: stream, token, &workspace)
            }
        }
        exchange.session.removeEvents()
    }

    // MARK: Requests

    private func takeRequest(
        _ stream: HTTP2StreamID, _ fields: Result<Range<Int>, RequestFault>, hasContent: Bool,
        _ exchange: HTTP2Exchange, _ workspace: inout Workspace, _ turn: borrowing Turn
    ) {
        hasServed = true
        // Also where it is answered at once, and the connection never seems busy.
        deadlines.endWait()
        // Asked for and given up in one go: nothing is to be done for it.
        guard exchange.session.isOpen(stream) else { return }
        isHead = false
        do throws(RequestFault) {
            let range = try fields.get()
            try Self.parse(exchange.session.fields, range, hasContent: hasContent, into: &workspace.head)
            isHead = workspace.head.method == .head
            if let access = workspace.access {
                Self.begin(access, workspace.head, exchange.session.fields, range)
            }
            let decision = Self.decide(
                workspace.head, exchange.session.fields, range, turn.context, requester, &workspace.response)
            switch decision {
            case .respond: break
            case .receive(let upload):
                return begin(upload, on: stream, hasContent: hasContent, exchange, &workspace, turn)
            case .follow(let followed):
                return begin(followed, on: stream, exchange, &workspace, turn)
            }
        } catch {
            Router.refuse(error, turn.context, from: requester, &workspace.response)
        }
        respond(on: stream, exchange, &workspace, turn)
    }

    private static func parse(
        _ fields: borrowing RequestFields, _ range: Range<Int>, hasContent: Bool, into head: inout RequestHead
    ) throws(RequestFault) {
        try head.parse(fields: fields.octets.extracting(range), hasBody: hasContent)
    }

    private static func begin(
        _ access: AccessLines, _ head: RequestHead, _ fields: borrowing RequestFields, _ range: Range<Int>
    ) {
        access.begin(head.method, path: fields.octets.extracting(range).extracting(head.path))
    }

    private static func decide(
        _ head: RequestHead, _ fields: borrowing RequestFields, _ range: Range<Int>,
        _ context: borrowing RequestContext, _ requester: Requester, _ response: inout Response
    ) -> Decision {
        Router.route(head, fields.octets.extracting(range), context, from: requester, &response)
    }

    /// Hands the workspace's response to the session.
    func respond(
        on stream: HTTP2StreamID, _ exchange: HTTP2Exchange, _ workspace: inout Workspace,
        _ turn: borrowing Turn, since: UInt64? = nil
    ) {
        if workspace.response.isWithheld {
            // No status would be true: the stream ends without one.
            workspace.access?.forget()
            return exchange.session.reset(stream, .internalError)
        }
        workspace.response.logFailure(turn.logger)
        note(&workspace, since: since ?? turn.monotonicMicroseconds)
        workspace.fieldLines.removeAll()
        workspace.response.appendFields(date: workspace.dates.line, to: &workspace.fieldLines)
        let line = turn.context.settings.strictTransport
        workspace.fieldLines.append(copying: line.span)
        let byteCount = isHead ? 0 : workspace.response.contentByteCount
        if byteCount > 0 {
            let cursor = ContentCursor(workspace.response)
            exchange.setContent(StreamContent(cursor, of: stream, now: turn.monotonic), of: stream.slot)
        }
        exchange.session.respond(
            stream, status: workspace.response.status, lines: &workspace.fieldLines,
            contentByteCount: byteCount, isOpenEnded: workspace.response.isOpenEnded && !isHead)
    }

    /// Puts what the session wants to send, and the content that belongs to it, behind each other, and
    /// encrypts what fills a record at once, while it is in the processor's nearest memory. False where the
    /// TLS session is dead.
    private func gatherPieces(_ exchange: HTTP2Exchange, _ workspace: inout Workspace) -> Bool {
        var isAlive = true
        var position = 0
        for piece in exchange.session.pieces {
            let end = position + piece.frameByteCount
            exchange.session.appendFrames(position..<end, to: &workspace.responses)
            position = end
            var left = piece.contentByteCount
            exchange.unsentContentByteCount += left
            while left > 0 {
                left -= exchange.contents[piece.slot]!.append(octetsMax: left, to: &workspace.responses)
            }
            // The stream may stay open for what is left of its request.
            if piece.contentByteCount > 0 && exchange.contents[piece.slot]!.isAtEnd {
                exchange.setContent(nil, of: piece.slot)
            }
            let whole =
                workspace.responses.count / TurnLimits.recordByteCountMax * TurnLimits.recordByteCountMax
            if whole > 0 {
                let isSent = records.send(first: whole, of: workspace.responses, into: &workspace.output)
                isAlive = isSent && isAlive
                workspace.responses.consume(whole)
            }
        }
        for end in exchange.session.breaks { workspace.metrics.http2.count(end) }
        exchange.session.removePieces()
        return isAlive
    }

    // MARK: Uploads

    private func begin(
        _ upload: Upload, on stream: HTTP2StreamID, hasContent: Bool, _ exchange: HTTP2Exchange,
        _ workspace: inout Workspace, _ turn: borrowing Turn
    ) {
        guard let uploading = workspace.begin(upload, on: stream, turn) else {
            return respond(on: stream, exchange, &workspace, turn)
        }
        workspace.access?.suspend(into: &uploading.pending.accessPath)
        uploading.ticket = workspace.uploads.insert(UploadEntry(upload: uploading.pending, connection: token))
        uploading.isInputOver = !hasContent
        exchange.uploads.append(uploading)
        if workspace.head.expectsContinue { exchange.session.respondContinue(stream) }
    }

    private func takeContent(
        _ stream: HTTP2StreamID, _ range: Range<Int>, _ exchange: HTTP2Exchange,
        _ workspace: inout Workspace, _ turn: borrowing Turn
    ) {
        // What nobody waits for is dropped. The stream gets no further room: its answer is out, or will be.
        guard let uploading = exchange.upload(of: stream), uploading.pending.ending == nil else {
            return exchange.session.consumeForOthers(range.count)
        }
        if !range.isEmpty { uploading.deadlines.endWait() }
        uploading.deadlines.count(range.count)
        uploading.input.append(copying: workspace.plaintext.octets.extracting(range))
        // Not only at the turn's end: what is taken at once needs no memory for more than itself.
        work(uploading, exchange, &workspace, turn)
    }

    private func work(
        _ uploading: UploadStream, _ exchange: HTTP2Exchange, _ workspace: inout Workspace,
        _ turn: borrowing Turn
    ) {
        uploading.work(&workspace, turn) { exchange.session.consume($0, of: uploading.stream) }
    }

    /// Goes on with each upload that can go on, and answers those that are decided.
    private func workUploads(
        _ exchange: HTTP2Exchange, _ workspace: inout Workspace, _ turn: borrowing Turn
    ) {
        if exchange.uploads.isEmpty { return }
        // By place: a loop over the array would share it, and each removal copy it.
        var place = 0
        while place < exchange.uploads.count {
            let uploading = exchange.uploads[place]
            work(uploading, exchange, &workspace, turn)
            if uploading.pending.isDecided {
                answer(uploading, exchange, &workspace, turn)
            } else {
                place += 1
            }
        }
        let isHeld = exchange.uploads.contains { !$0.input.isEmpty }
        for uploading in exchange.uploads { uploading.awaitInput(isHeld: isHeld, turn) }
        if workspace.isQueueFull && workspace.waitingForQueue.last != token {
            workspace.waitingForQueue.append(token)
        }
    }

    private func answer(
        _ uploading: UploadStream, _ exchange: HTTP2Exchange, _ workspace: inout Workspace,
        _ turn: borrowing Turn
    ) {
        guard let ending = uploading.pending.ending else { return }
        exchange.removeUpload(of: uploading.stream, &workspace)
        isHead = false
        Router.answer(
            uploading.pending.tally, ending, of: uploading.pending.head, turn.context, &workspace.response)
        workspace.access?.resume(uploading.pending.accessPath, of: .post)
        respond(on: uploading.stream, exchange, &workspace, turn, since: uploading.pending.startedAt)
        workspace.keep(uploading)
    }

    // MARK: Ends

    /// The peer has ended its direction: what has not come whole never will. True where that makes more to
    /// do.
    func endInput(_ exchange: HTTP2Exchange, _ workspace: inout Workspace) -> Bool {
        var isProgress = false
        for uploading in exchange.uploads
        where !uploading.isInputOver && !uploading.pending.isWaitingForLog && uploading.input.isEmpty
            && uploading.pending.ending == nil
        {
            uploading.pending.end(.cutOff)
            isProgress = true
        }
        // Nobody is left who could want what is still to come.
        exchange.abandonFollowers(token, &workspace)
        if exchange.uploads.isEmpty && exchange.contentCount == 0 { isClosing = true }
        return isProgress
    }

    /// Ends what could go on for hours, and tells the client to open no more streams.
    func drain(_ exchange: HTTP2Exchange, _ workspace: inout Workspace, _ turn: borrowing Turn) -> Outcome {
        if phase != .head { return .keep }
        for uploading in exchange.uploads where uploading.pending.head.body.isStream {
            uploading.pending.end(.draining)
        }
        endFollowers(exchange, &workspace, turn)
        exchange.session.announceEnd()
        exchange.refusesStreamsAt = turn.monotonic + TurnLimits.noticeMilliseconds
        return work(&workspace, turn)
    }

    /// A time limit is over.
    func timeOut(_ exchange: HTTP2Exchange, _ workspace: inout Workspace, _ turn: borrowing Turn) -> Outcome {
        if deadlines.isOver(now: turn.monotonic, limits: turn.limits) {
            if exchange.contentCount == 0 || !output.isEmpty || exchange.session.isWindowShut {
                let kind = exchange.isIdle ? (hasServed ? ConnectionTimeout.idle : .head) : .response
                workspace.metrics.timeouts[Int(kind.rawValue)] += 1
                // A response that is not read can't be followed by another one.
                return exchange.isIdle && output.isEmpty ? sayGoodbye(&workspace, turn) : .close
            }
            // The connection takes content: what is left to send has its own streams to blame.
            deadlines.restartRate(now: turn.monotonic)
        }
        if exchange.isHeadOverdue(now: turn.monotonic) {
            // No frame but the head's own may come before its end, so nothing on this connection goes on.
            workspace.metrics.timeouts[Int(ConnectionTimeout.head.rawValue)] += 1
            exchange.session.end(.enhanceYourCalm)
        }
        endSlowStreams(exchange, &workspace, turn)
        timeOutFollowers(exchange, &workspace, turn)
        if turn.monotonic >= exchange.refusesStreamsAt { exchange.refuseStreams() }
        for (stream, until) in exchange.lingering where until <= turn.monotonic {
            exchange.session.reset(stream, .noError)
        }
        return work(&workspace, turn)
    }

    private func endSlowStreams(
        _ exchange: HTTP2Exchange, _ workspace: inout Workspace, _ turn: borrowing Turn
    ) {
        for uploading in exchange.uploads where uploading.isOverdue && uploading.pending.ending == nil {
            workspace.metrics.timeouts[Int(ConnectionTimeout.body.rawValue)] += 1
            uploading.pending.end(.timedOut)
        }
        for slot in exchange.streamsReadTooSlowly(now: turn.monotonic, limits: turn.limits) {
            workspace.metrics.timeouts[Int(ConnectionTimeout.response.rawValue)] += 1
            exchange.contents[slot]!.isGivenUp = true
            exchange.session.reset(exchange.contents[slot]!.stream, .cancel)
        }
    }

    /// Decides under which limit the connection waits.
    func awaitStreams(_ exchange: HTTP2Exchange, _ turn: borrowing Turn) {
        exchange.awaitHead(turn)
        if exchange.contentCount > 0 {
            // The client holds its windows shut, and must not do so for ever.
            deadlines.startRate(now: turn.monotonic)
        } else if !exchange.isIdle {
            // Uploads, and requests that were answered before their end: each has its own limit.
            deadlines.suspend()
        } else {
            let timeout =
                hasServed ? turn.limits.idleTimeoutMilliseconds : turn.limits.headerTimeoutMilliseconds
            deadlines.expireOnce(at: turn.monotonic + timeout)
        }
    }
}
