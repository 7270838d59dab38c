import Bytes
import Compression
import HTTP2

/// A stream that brings an upload.
final class UploadStream {
    private(set) var stream: HTTP2StreamID
    let pending: PendingUpload
    /// Of the upload's items.
    var ticket: UInt64 = 0
    /// Content that has come and was not taken, since the log comes first. The stream's window bounds it.
    var input = Buffer()
    /// No more content comes.
    var isInputOver = false
    private var isContentFinished = false
    var deadlines = Deadlines()
    /// Its time limit is over.
    var isOverdue = false

    init(_ stream: HTTP2StreamID, _ pending: PendingUpload) {
        self.stream = stream
        self.pending = pending
    }

    /// Is another stream from now on, with another upload, and uses its memory again.
    func reuse(for stream: HTTP2StreamID, _ upload: Upload, startedAt: UInt64) throws(CompressionError) {
        precondition(input.isEmpty, "content that was not taken is nobody else's")
        try pending.reuse(for: upload, startedAt: startedAt)
        self.stream = stream
        isInputOver = false
        isContentFinished = false
        deadlines = Deadlines()
        isOverdue = false
    }

    /// Takes content into the upload, and its items to the log, until content or verdicts have to come first.
    ///
    /// - Parameter take: called with how much of `input` was taken.
    func work(_ workspace: inout Workspace, _ turn: borrowing Turn, taken take: (Int) -> Void) {
        while pending.ending == nil && !workspace.isQueueFull && workspace.piecesLeft > 0 {
            if pending.work(into: &workspace.batch, ticket: ticket, turn.context) {
                workspace.piecesLeft -= 1
                continue
            }
            if pending.isWaitingForLog || pending.ending != nil { break }
            if !input.isEmpty {
                pending.take(input.octets)
                take(input.count)
                input.removeAll(keepingAtMost: UploadLimits.restByteCountMax)
            } else if isInputOver && !isContentFinished {
                isContentFinished = true
                pending.finishContent()
            } else {
                break
            }
        }
        if pending.ending != nil && !input.isEmpty {
            take(input.count)
            input.removeAll(keepingAtMost: UploadLimits.restByteCountMax)
        }
    }

    /// A single item's body must keep to the least rate; a stream may rest for longer, and has all the time
    /// that the log takes.
    ///
    /// - Parameter isHeld: content of the connection waits for the log, and may have taken the window that
    ///   all its streams share.
    func awaitInput(isHeld: Bool, _ turn: borrowing Turn) {
        if isHeld || pending.isWaitingForLog || pending.ending != nil || isInputOver {
            deadlines.suspend()
        } else if pending.head.body.isStream {
            deadlines.expireOnce(at: turn.monotonic + turn.limits.streamIdleTimeoutMilliseconds)
        } else {
            deadlines.startRate(now: turn.monotonic)
        }
    }
}
