import Bytes
import HTTP

// Requests that wait for what is still to come, by HTTP/1.1: one at a time, and nothing behind it is looked
// at before its end.

extension Connection {
    /// Begins to wait; of an event stream the workspace's response is the head.
    func beginFollowing(_ followed: Followed, _ workspace: inout Workspace, _ turn: borrowing Turn) {
        let follower = workspace.follow(followed, by: token, turn)
        self.follower = follower
        phase = .follow
        if follower.isAnswer {
            workspace.access?.suspend(into: &follower.accessPath)
        } else {
            respond(&workspace, turn)
        }
    }

    /// Goes on with what has come; false where nothing has.
    func takeFollowed(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Bool {
        let progress = follower!.take(
            turn.context, &workspace.feeds, now: turn.monotonic, into: &workspace.response)
        return send(progress, &workspace, turn)
    }

    /// The wait is over, or the stream was silent for too long. Who doesn't take what was sent is cut off.
    func timeOutFollowing(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Outcome {
        if !output.isEmpty || remainder != nil {
            workspace.metrics.timeouts[Int(ConnectionTimeout.response.rawValue)] += 1
            return .close
        }
        let progress = follower!.timeOut(turn.context, now: turn.monotonic, into: &workspace.response)
        _ = send(progress, &workspace, turn)
        return work(&workspace, turn)
    }

    /// The server is stopping: who waits is told so, and a stream comes to its end.
    func endFollowing(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Outcome {
        isKeptAlive = false
        if follower!.isAnswer { return timeOutFollowing(&workspace, turn) }
        // What is left to send of the stream comes first, where there is any; then the connection ends.
        if output.isEmpty && remainder == nil { endStream(&workspace) }
        isClosing = true
        return work(&workspace, turn)
    }

    private func send(
        _ progress: Follower.Progress, _ workspace: inout Workspace, _ turn: borrowing Turn
    ) -> Bool {
        switch progress {
        case .nothing: return false
        case .answer:
            workspace.access?.resume(follower!.accessPath, of: follower!.method)
            leave(&workspace)
            if turn.isDraining { isKeptAlive = false }
            respond(&workspace, turn)
        case .events: appendChunk(&workspace)
        case .lastEvents:
            workspace.metrics.countLagged(follower!.kind)
            appendChunk(&workspace)
            endStream(&workspace)
        }
        return true
    }

    /// Appends the response's content as a piece of an open-ended one: by HTTP/1.1 a chunk (RFC 9112 section
    /// 7.1), by HTTP/1.0, which has none, as it is.
    func appendChunk(_ workspace: inout Workspace) {
        if isVersion10 { return appendContent(&workspace) }
        let byteCount = workspace.response.contentByteCount
        switch workspace.response.content {
        case .text:
            Self.appendChunkSize(byteCount, to: &workspace.responses)
            let text = workspace.response.text
            workspace.responses.append(copying: text.span)
            workspace.responses.append("\r\n")
        case .shared(let octets, let range):
            workspace.response.text.removeAll(keepingCapacity: true)
            Self.appendChunkSize(byteCount, to: &workspace.response.text)
            let sizeByteCount = workspace.response.text.count
            workspace.response.text.append("\r\n")
            workspace.response.content = .parts([
                .text(0..<sizeByteCount), .shared(octets, range), .text(sizeByteCount..<sizeByteCount + 2),
            ])
            appendContent(&workspace)
        case .none, .mapped, .parts: preconditionFailure("no piece of a stream is made so")
        }
    }

    private static func appendChunkSize(_ byteCount: Int, to buffer: inout some OctetSink & ~Copyable) {
        var shift = (Int.bitWidth - byteCount.leadingZeroBitCount + 3) / 4 * 4
        while shift > 0 {
            shift -= 4
            buffer.append(Hex.digit(UInt8(byteCount >> shift & 15)))
        }
        buffer.append("\r\n")
    }

    private func endStream(_ workspace: inout Workspace) {
        if !isVersion10 { workspace.responses.append("0\r\n\r\n") }
        leave(&workspace)
        if !isKeptAlive { isClosing = true }
    }

    private func leave(_ workspace: inout Workspace) {
        workspace.leave(follower!, token)
        follower = nil
        phase = .head
        deadlines.endWait()
    }
}

extension Workspace {
    /// Makes one who waits. It must `leave` in the end.
    mutating func follow(_ followed: Followed, by token: UInt64, _ turn: borrowing Turn) -> Follower {
        let (now, limits) = (turn.monotonic, turn.limits.following)
        let follower: Follower
        switch followed {
        case .frame(let id, let waitMilliseconds):
            follower = Follower(
                .frame, by: head.method, position: id, waitMilliseconds: waitMilliseconds, now: now,
                limits: limits)
        case .frames(let id): follower = Follower(.frames, position: id, now: now, limits: limits)
        case .items(let channelID):
            let feed = feeds.feed(of: channelID)
            follower = Follower(.items(feed), position: feed.add(token), now: now, limits: limits)
        }
        metrics.followers[Int(follower.kind.rawValue)] += 1
        return follower
    }

    /// One who waited has its answer, or has gone.
    mutating func leave(_ follower: Follower, _ token: UInt64) {
        metrics.followers[Int(follower.kind.rawValue)] -= 1
        if case .items(let feed) = follower.subject { feeds.leave(feed, token, at: follower.position) }
    }
}
