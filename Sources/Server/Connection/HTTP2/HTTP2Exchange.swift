import Bytes
import HTTP
import HTTP2

/// What an HTTP/2 connection has under way: its session, and what its streams send and receive.
final class HTTP2Exchange {
    let session: HTTP2Session
    /// By the streams' slots: what is left to send of their responses.
    var contents: [StreamContent?] = []
    /// How many of them are not nil.
    private(set) var contentCount = 0
    /// Content that waits for the socket.
    var unsentContentByteCount = 0
    /// Those whose body arrives, or whose items wait to be durable.
    var uploads: [UploadStream] = []
    /// Those that wait for what is still to come.
    var followers: [FollowingStream] = []
    /// Those that were answered before their request's end, and until when they may go on: a client that is
    /// still sending is to read the answer before it is told to stop (RFC 9113 section 8.1).
    var lingering: [(stream: HTTP2StreamID, until: UInt64)] = []
    /// When the head that has begun must be whole.
    private var headExpiresAt = UInt64.max
    private var headBegunAt: UInt64 = 0
    /// When the peer, which knows that the end is near, has had time to notice.
    var refusesStreamsAt = UInt64.max
    /// Until then content waited for the socket, so no stream was to blame for being slow.
    private var heldUntil: UInt64 = 0

    /// - Returns: nil where there is no memory for it.
    init?(limits: HTTP2Limits, requestLimits: RequestLimits) {
        guard let session = HTTP2Session(limits: limits, requestLimits: requestLimits) else { return nil }
        self.session = session
    }

    /// No stream is open.
    var isIdle: Bool { session.streamCount == 0 }

    /// The connection ends once its streams have.
    func refuseStreams() {
        refusesStreamsAt = .max
        session.refuseStreams()
    }

    /// Keeps what is left to send of a stream's response; nil where nothing is.
    func setContent(_ content: StreamContent?, of slot: Int) {
        while contents.count <= slot { contents.append(nil) }
        contentCount += (content == nil ? 0 : 1) - (contents[slot] == nil ? 0 : 1)
        contents[slot] = content
    }

    func upload(of stream: HTTP2StreamID) -> UploadStream? { uploads.first { $0.stream == stream } }

    func removeUpload(of stream: HTTP2StreamID, _ workspace: inout Workspace) {
        guard let index = uploads.firstIndex(where: { $0.stream == stream }) else { return }
        workspace.remove(uploads[index].pending, ticket: uploads[index].ticket)
        session.consume(uploads[index].input.count, of: stream)
        uploads.remove(at: index)
    }

    /// Whether nothing of what a stream was given is left to send.
    func hasSent(_ stream: HTTP2StreamID) -> Bool {
        stream.slot >= contents.count || contents[stream.slot] == nil
    }

    func removeFollower(of stream: HTTP2StreamID, _ token: UInt64, _ workspace: inout Workspace) {
        guard let index = followers.firstIndex(where: { $0.stream == stream }) else { return }
        workspace.leave(followers.remove(at: index).follower, token)
    }

    func abandonFollowers(_ token: UInt64, _ workspace: inout Workspace) {
        for following in followers { workspace.leave(following.follower, token) }
        followers = []
    }

    func abandonUploads(_ workspace: inout Workspace) {
        for upload in uploads { workspace.remove(upload.pending, ticket: upload.ticket) }
        uploads = []
    }
}

// MARK: Time limits

extension HTTP2Exchange {
    /// Of so many octets that were sent, those that show that the client reads: content, as long as there is
    /// any. Answers to pings, and what else it can ask for without end, don't count beside it.
    func takeSent(_ byteCount: Int) -> Int {
        if contentCount == 0 && unsentContentByteCount == 0 { return byteCount }
        let content = min(byteCount, unsentContentByteCount)
        unsentContentByteCount -= content
        return content
    }

    /// A head that has begun must end within a limit, which nothing renews.
    func awaitHead(_ turn: borrowing Turn) {
        guard let begunAt = session.headBegunAt else {
            headExpiresAt = .max
            return
        }
        if begunAt == headBegunAt && headExpiresAt != .max { return }
        headBegunAt = begunAt
        headExpiresAt = turn.monotonic + turn.limits.headerTimeoutMilliseconds
    }

    func isHeadOverdue(now: UInt64) -> Bool { now >= headExpiresAt }

    /// Whether a time limit other than the connection's is over.
    ///
    /// - Parameter isSending: octets wait for the socket, and so long none are received.
    func isOverdue(now: UInt64, limits: ConnectionLimits, isSending: Bool) -> Bool {
        if isSending { suspend(now: now) }
        var isOverdue = isHeadOverdue(now: now) || now >= refusesStreamsAt
        if let first = lingering.first { isOverdue = isOverdue || first.until <= now }
        isOverdue = isOverdue || followers.contains { $0.follower.expiresAt <= now }
        for upload in uploads where upload.deadlines.isOver(now: now, limits: limits) {
            upload.isOverdue = true
            isOverdue = true
        }
        return isOverdue || !streamsReadTooSlowly(now: now, limits: limits).isEmpty
    }

    /// What the client sends can't be seen; what it may hold up is the connection, and not a stream of it.
    private func suspend(now: UInt64) {
        headExpiresAt = .max
        for upload in uploads { upload.deadlines.suspend() }
        if unsentContentByteCount > 0 { heldUntil = now }
    }

    /// The slots of those whose client holds their own windows shut. Where it is the connection's window, or
    /// the socket, the connection is judged, and all its streams count.
    func streamsReadTooSlowly(now: UInt64, limits: ConnectionLimits) -> [Int] {
        if contentCount == 0 { return [] }
        var slots: [Int] = []
        for slot in contents.indices {
            let isSlow = contents[slot]?.isReadTooSlowly(now: now, heldUntil: heldUntil, limits: limits)
            guard isSlow == true, let content = contents[slot] else { continue }
            if session.isWindowShut(of: content.stream.number) { slots.append(slot) }
        }
        return slots
    }
}
