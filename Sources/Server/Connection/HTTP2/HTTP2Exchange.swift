import Bytes
import HTTP
import HTTP2

/// What an HTTP/2 connection has under way: its session, and what its streams send and receive.
final class HTTP2Exchange {
    let session: HTTP2Session
    /// By the streams' slots: what is left to send of their responses.
    var contents: [ContentCursor?] = []
    /// How many of them are not nil.
    var contentCount = 0
    /// Those whose body arrives, or whose items wait to be durable.
    var uploads: [UploadStream] = []
    /// Those that were answered before their request's end, and until when they may go on: a client that is
    /// still sending is to read the answer before it is told to stop (RFC 9113 section 8.1).
    var lingering: [(stream: HTTP2StreamID, until: UInt64)] = []
    /// The time limit of a connection without streams runs.
    var isIdleUnderDeadline = false

    /// - Returns: nil where there is no memory for it.
    init?(limits: HTTP2Limits, requestLimits: RequestLimits) {
        guard let session = HTTP2Session(limits: limits, requestLimits: requestLimits) else { return nil }
        self.session = session
    }

    /// No stream is open.
    var isIdle: Bool { session.streamCount == 0 }

    /// The connection ends once its streams have.
    func refuseStreams() { session.refuseStreams() }

    /// Whether the time limit of a stream is over.
    func isOverdue(now: UInt64, limits: ConnectionLimits) -> Bool {
        var isOverdue = lingering.first.map { $0.until <= now } ?? false
        for upload in uploads where upload.deadlines.isOver(now: now, limits: limits) {
            upload.isOverdue = true
            isOverdue = true
        }
        return isOverdue
    }

    /// Keeps what is left to send of a stream's response; nil where nothing is.
    func setContent(_ content: ContentCursor?, of slot: Int) {
        while contents.count <= slot { contents.append(nil) }
        contentCount += (content == nil ? 0 : 1) - (contents[slot] == nil ? 0 : 1)
        contents[slot] = content
    }

    func upload(of stream: HTTP2StreamID) -> UploadStream? { uploads.first { $0.stream == stream } }

    func removeUpload(of stream: HTTP2StreamID, _ workspace: inout Workspace) {
        guard let index = uploads.firstIndex(where: { $0.stream == stream }) else { return }
        workspace.uploads.remove(at: uploads[index].ticket)
        session.consume(uploads[index].input.count, of: stream)
        uploads.remove(at: index)
    }

    func abandonUploads(_ workspace: inout Workspace) {
        for upload in uploads { workspace.uploads.remove(at: upload.ticket) }
        uploads = []
    }
}

/// A stream that brings an upload.
final class UploadStream {
    let stream: HTTP2StreamID
    let pending: PendingUpload
    /// Of the upload's items.
    let ticket: UInt64
    /// Content that has come and was not taken, since the log comes first. The stream's window bounds it.
    var input = Buffer()
    /// No more content comes.
    var isInputOver = false
    private var isContentFinished = false
    var deadlines = Deadlines()
    /// Its time limit is over.
    var isOverdue = false

    init(_ stream: HTTP2StreamID, _ pending: PendingUpload, ticket: UInt64) {
        self.stream = stream
        self.pending = pending
        self.ticket = ticket
    }

    /// Takes content into the upload, and its items to the log, until content or verdicts have to come first.
    ///
    /// - Parameter take: called with how much of `input` was taken.
    func work(_ workspace: inout Workspace, _ turn: borrowing Turn, taken take: (Int) -> Void) {
        while pending.ending == nil && !workspace.isQueueFull {
            if pending.work(into: &workspace.batch, ticket: ticket, turn.context) { continue }
            if pending.isWaitingForLog || pending.ending != nil { break }
            if !input.isEmpty {
                pending.take(input.octets)
                take(input.count)
                input.release()
            } else if isInputOver && !isContentFinished {
                isContentFinished = true
                pending.finishContent()
            } else {
                break
            }
        }
        if pending.ending != nil && !input.isEmpty {
            take(input.count)
            input.release()
        }
    }

    /// A single item's body must keep to the least rate; a stream may rest for longer, and has all the time
    /// that the log takes.
    func awaitInput(_ turn: borrowing Turn) {
        if pending.isWaitingForLog || pending.ending != nil || isInputOver || !input.isEmpty {
            deadlines.suspend()
        } else if pending.head.body.isStream {
            deadlines.expire(at: turn.monotonic + turn.limits.streamIdleTimeoutMilliseconds)
        } else {
            deadlines.startRate(now: turn.monotonic)
        }
    }
}
