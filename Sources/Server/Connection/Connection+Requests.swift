import Bytes
import HTTP
import Posix
import TLS

// HTTP/1.1 (RFC 9112) between decrypted octets and the routes.

extension Connection {
    /// Serves what has arrived until octets, room or the log's answer are missing. True where it stopped for
    /// room only.
    func serve(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Bool {
        while !isClosing {
            if remainder != nil || workspace.piecesLeft == 0
                || workspace.responses.count >= TurnLimits.gatheredByteCountMax
            {
                return true
            }
            let isProgress =
                switch phase {
                case .head: takeHead(&workspace, turn)
                case .body: takeBody(&workspace, turn)
                case .discard: discardBody(&workspace, turn)
                case .commit: answerUpload(&workspace, turn)
                case .follow: takeFollowed(&workspace, turn)
                case .handshake, .linger: false
                }
            if !isProgress { return false }
        }
        workspace.plaintext.removeAll()
        return false
    }

    /// Takes a request's head once it is whole, and acts on it.
    private func takeHead(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Bool {
        if workspace.plaintext.isEmpty { return false }
        let headByteCount: Int
        switch scanner.scan(workspace.plaintext.octets) {
        case .incomplete: return false
        case .invalid(let fault):
            refuse(fault, &workspace, turn)
            return true
        case .complete(let byteCount): headByteCount = byteCount
        }
        scanner.reset()
        isHeadUnderDeadline = false
        deadlines.endWait()
        hasServed = true
        do throws(RequestFault) {
            try Self.parse(workspace.plaintext, headByteCount, into: &workspace.head)
        } catch {
            refuse(error, &workspace, turn)
            return true
        }
        route(headByteCount, &workspace, turn)
        return true
    }

    /// Has a parsed request decided by the routes, and consumes its head.
    private func route(_ headByteCount: Int, _ workspace: inout Workspace, _ turn: borrowing Turn) {
        let framing = workspace.head.framing
        isKeptAlive = workspace.head.keepAlive && !turn.isDraining
        if turn.usesKernelRecords && areRecordsWorn() { isKeptAlive = false }
        isVersion10 = workspace.head.version == .http10
        isHead = workspace.head.method == .head
        let expectsContinue = workspace.head.expectsContinue
        if let access = workspace.access { Self.begin(access, workspace.head, workspace.plaintext) }
        let decision = Self.decide(
            service, workspace.head, workspace.plaintext, headByteCount, turn.context, requester,
            &workspace.response)
        workspace.plaintext.consume(headByteCount)
        decoder = BodyDecoder(framing)
        switch decision {
        case .respond:
            endBody(of: framing, expectsContinue: expectsContinue)
            respond(&workspace, turn)
        case .receive(let upload):
            beginUpload(upload, framing: framing, expectsContinue: expectsContinue, &workspace, turn)
        case .follow(let followed): beginFollowing(followed, &workspace, turn)
        }
    }

    private static func parse(
        _ plaintext: borrowing Buffer, _ byteCount: Int, into head: inout RequestHead
    ) throws(RequestFault) {
        try head.parse(plaintext.octets.extracting(0..<byteCount))
    }

    private static func begin(
        _ access: AccessLines, _ head: RequestHead, _ plaintext: borrowing Buffer
    ) {
        access.begin(head.method, path: plaintext.octets.extracting(head.path))
    }

    private static func decide(
        _ service: Service, _ head: RequestHead, _ plaintext: borrowing Buffer, _ byteCount: Int,
        _ context: borrowing RequestContext, _ requester: Requester, _ response: inout Response
    ) -> Decision {
        let octets = plaintext.octets.extracting(0..<byteCount)
        return switch service {
        case .streaming, .plain, .trusted:
            Router.route(head, octets, context, from: requester, &response)
        case .admin: AdminRouter.route(head, octets, context, &response)
        }
    }

    /// Decides what becomes of a body that the answer did not need: a short one is read to its end, so that
    /// the connection can go on; a long one, or one the client holds back until it is asked for, ends the
    /// connection. Where it ends, what comes of the body is dropped, as a reset would destroy the answer.
    func endBody(of framing: BodyFraming, expectsContinue: Bool) {
        switch framing {
        case .none: phase = .head
        case .length(let byteCount) where byteCount <= TurnLimits.discardByteCountMax && !expectsContinue:
            phase = .discard
            mustLinger = !isKeptAlive
        case .length, .chunked:
            isKeptAlive = false
            mustLinger = true
        }
    }

    /// Reads on to the end of a body whose answer is out.
    private func discardBody(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Bool {
        switch decoder.decode(workspace.plaintext.octets) {
        case .data(_, let consumed):
            workspace.plaintext.consume(consumed)
            return true
        case .needsMore(let consumed):
            workspace.plaintext.consume(consumed)
            return false
        case .finished(let consumed):
            workspace.plaintext.consume(consumed)
            phase = .head
            return true
        case .invalid:
            isClosing = true
            mustLinger = true
            return true
        }
    }

    /// Answers a message that breaks HTTP's rules, and ends the connection (RFC 9112 section 9.6).
    private func refuse(_ fault: RequestFault, _ workspace: inout Workspace, _ turn: borrowing Turn) {
        switch service {
        case .streaming, .plain, .trusted:
            Router.refuse(fault, turn.context, from: requester, &workspace.response)
        case .admin: AdminRouter.refuse(fault, &workspace.response)
        }
        isHead = false
        isKeptAlive = false
        mustLinger = true
        respond(&workspace, turn)
    }
}
