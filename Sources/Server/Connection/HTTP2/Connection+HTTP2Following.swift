import HTTP
import HTTP2

// Requests that wait for what is still to come, by HTTP/2: any number of them, beside others.

extension Connection {
    /// Begins to wait; of an event stream the workspace's response is the head.
    func begin(
        _ followed: Followed, on stream: HTTP2StreamID, _ exchange: HTTP2Exchange,
        _ workspace: inout Workspace, _ turn: borrowing Turn
    ) {
        let follower = workspace.follow(followed, by: token, turn)
        exchange.followers.append(FollowingStream(stream: stream, follower: follower))
        if follower.isAnswer {
            workspace.access?.suspend(into: &follower.accessPath)
        } else {
            respond(on: stream, exchange, &workspace, turn)
        }
    }

    /// Gives each that waits a piece of what has come, unless it has something to send already. True where
    /// there is something to send now, and maybe another piece behind it.
    func workFollowers(
        _ exchange: HTTP2Exchange, _ workspace: inout Workspace, _ turn: borrowing Turn
    ) -> Bool {
        var hasMore = false
        for following in exchange.followers where exchange.hasSent(following.stream) {
            let progress = following.follower.take(
                turn.context, &workspace.feeds, now: turn.monotonic, into: &workspace.response)
            if case .nothing = progress { continue }
            hasMore = true
            send(progress, of: following, exchange, &workspace, turn)
        }
        return hasMore
    }

    /// Ends waits that are over, and shows that silent streams are alive.
    func timeOutFollowers(_ exchange: HTTP2Exchange, _ workspace: inout Workspace, _ turn: borrowing Turn) {
        for following in exchange.followers
        where following.follower.expiresAt <= turn.monotonic && exchange.hasSent(following.stream) {
            let progress = following.follower.timeOut(
                turn.context, now: turn.monotonic, into: &workspace.response)
            send(progress, of: following, exchange, &workspace, turn)
        }
    }

    /// The server is stopping: who waits is told so, and streams come to their ends.
    func endFollowers(_ exchange: HTTP2Exchange, _ workspace: inout Workspace, _ turn: borrowing Turn) {
        for following in exchange.followers {
            if following.follower.isAnswer {
                let progress = following.follower.timeOut(
                    turn.context, now: turn.monotonic, into: &workspace.response)
                send(progress, of: following, exchange, &workspace, turn)
            } else {
                exchange.session.finish(following.stream)
                exchange.removeFollower(of: following.stream, token, &workspace)
            }
        }
    }

    private func send(
        _ progress: Follower.Progress, of following: FollowingStream, _ exchange: HTTP2Exchange,
        _ workspace: inout Workspace, _ turn: borrowing Turn
    ) {
        let stream = following.stream
        switch progress {
        case .nothing: break
        case .answer:
            workspace.access?.resume(following.follower.accessPath, of: following.follower.method)
            exchange.removeFollower(of: stream, token, &workspace)
            isHead = following.follower.method == .head
            respond(on: stream, exchange, &workspace, turn)
        case .events, .lastEvents:
            let cursor = ContentCursor(workspace.response)
            exchange.setContent(StreamContent(cursor, of: stream, now: turn.monotonic), of: stream.slot)
            exchange.session.offer(stream, byteCount: workspace.response.contentByteCount)
            guard case .lastEvents = progress else { return }
            workspace.metrics.countLagged(following.follower.kind)
            exchange.session.finish(stream)
            exchange.removeFollower(of: stream, token, &workspace)
        }
    }
}

/// A stream whose request waits for what is still to come.
struct FollowingStream {
    let stream: HTTP2StreamID
    let follower: Follower
}
