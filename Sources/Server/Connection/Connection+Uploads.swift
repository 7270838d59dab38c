import Bytes
import FrameLog
import HTTP

// From a request's body to its items, and from the log's verdicts to the answer.

extension Connection {
    /// Begins to receive what an upload's head has announced.
    func beginUpload(
        _ upload: Upload, framing: BodyFraming, expectsContinue: Bool, _ workspace: inout Workspace,
        _ turn: borrowing Turn
    ) {
        pending = workspace.begin(upload, turn)
        if pending == nil {
            endBody(of: framing, expectsContinue: expectsContinue)
            return respond(&workspace, turn)
        }
        workspace.access?.suspend(into: &pending!.accessPath)
        ticket = workspace.uploads.insert(UploadEntry(upload: pending!, connection: token))
        phase = .body
        isBodyRead = false
        if expectsContinue && workspace.plaintext.isEmpty {
            HeadWriter.appendContinue(to: &workspace.responses)
        }
    }

    /// Takes body octets into the upload, and its items to the log. False where octets, or verdicts, have to
    /// come first.
    func takeBody(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Bool {
        if workspace.isQueueFull {
            if workspace.waitingForQueue.last != token { workspace.waitingForQueue.append(token) }
            return false
        }
        let hasMore = pending!.work(into: &workspace.batch, ticket: ticket, turn.context)
        if pending!.ending != nil {
            phase = .commit
            return true
        }
        if hasMore {
            workspace.piecesLeft -= 1
            return true
        }
        if pending!.isWaitingForLog { return false }
        switch decoder.decode(workspace.plaintext.octets) {
        case .data(let range, let consumed):
            if !range.isEmpty { deadlines.endWait() }
            pending!.take(workspace.plaintext.octets.extracting(range))
            workspace.plaintext.consume(consumed)
            return true
        case .needsMore(let consumed):
            workspace.plaintext.consume(consumed)
            return false
        case .finished(let consumed):
            workspace.plaintext.consume(consumed)
            pending!.finishContent()
            // What follows belongs to the next request, and is not looked at before this one is answered.
            isBodyRead = true
            return true
        case .invalid(let fault):
            pending!.end(.malformed(fault))
            return true
        }
    }

    /// Answers an upload once its body has ended and the log has decided on all of its items.
    func answerUpload(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Bool {
        guard let upload = pending, upload.isDecided, let ending = upload.ending else { return false }
        pending = nil
        deadlines.endWait()
        workspace.remove(upload, ticket: ticket)
        Router.answer(upload.tally, ending, of: upload.head, turn.context, &workspace.response)
        phase = .head
        if turn.isDraining { isKeptAlive = false }
        if !isBodyRead {
            // Where a next request would begin is not known.
            isKeptAlive = false
            mustLinger = true
        }
        if case .malformed = ending { isHead = false }
        workspace.access?.resume(upload.accessPath, of: .post)
        respond(&workspace, turn, since: upload.startedAt)
        workspace.keep(upload)
        return true
    }

    /// Ends an upload whose body is still arriving; its answer follows once the log has decided on what came.
    func endUpload(
        _ ending: UploadEnding, _ workspace: inout Workspace, _ turn: borrowing Turn
    ) -> Outcome {
        pending!.end(ending)
        phase = .commit
        return work(&workspace, turn)
    }

    /// Ends what could go on for hours; the rest is finished.
    func drain(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Outcome {
        if let exchange { return drain(exchange, &workspace, turn) }
        if phase == .follow { return endFollowing(&workspace, turn) }
        guard phase == .body, pending!.head.body.isStream else { return .keep }
        return endUpload(.draining, &workspace, turn)
    }

    /// The connection is gone: what the log still decides on is nobody's, and nobody waits for what is to
    /// come.
    func abandonRequests(_ workspace: inout Workspace) {
        if let follower { workspace.leave(follower, token) }
        follower = nil
        exchange?.abandonFollowers(token, &workspace)
        if let pending { workspace.remove(pending, ticket: ticket) }
        pending = nil
        exchange?.abandonUploads(&workspace)
    }
}
