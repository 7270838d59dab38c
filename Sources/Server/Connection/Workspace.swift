import Bytes
import Compression
import FrameLog
import HTTP
import HTTP2
import Posix

/// The memory that all connections of one loop work in, one after the other: nothing in it outlives a
/// connection's turn but the items on their way to the log.
struct Workspace: ~Copyable {
    /// Octets from the socket.
    var ciphertext = Buffer(capacity: TurnLimits.receiveByteCountMax)
    /// Octets for the parser.
    var plaintext = Buffer(capacity: TurnLimits.receiveByteCountMax)
    /// Field lines of a response by HTTP/2.
    var fieldLines = Buffer()
    /// Responses, before encryption.
    var responses = Buffer(capacity: TurnLimits.recordByteCountMax)
    /// Octets for the socket.
    var output = Buffer(capacity: TurnLimits.recordByteCountMax)

    var head = RequestHead()
    var response = Response()
    /// What the connection under way may still inflate in its turn.
    var piecesLeft = TurnLimits.piecesMax
    /// Items of this turn, for the log's writer.
    var batch = ItemBatch()
    /// The uploads that have, or may have, items with the log. Their places are the items' tickets.
    var uploads = SlotTable<UploadEntry>()
    /// Uploads that are answered, to be used again.
    private var spareUploads: [PendingUpload] = []
    /// The same by HTTP/2.
    private var spareStreams: [UploadStream] = []
    /// Octets of the records that the writer has and has not decided on.
    var undecidedByteCount = 0
    /// Connections that have items and wait until the writer has decided on some.
    var waitingForQueue: [UInt64] = []
    /// The channels that are followed here.
    var feeds = ChannelFeeds(loop: 0, watch: nil)
    /// Requests that wait for what is still to come.
    var followerCount = 0
    /// What this loop has counted.
    var metrics = LoopMetrics()
    let dates = DateField()
    /// Nil where there is no access log.
    var access: AccessLines?

    /// Whether so much waits for the disk that no more is taken: devices that send faster are held up by TCP.
    var isQueueFull: Bool { undecidedByteCount + batch.byteCount >= TurnLimits.queueByteCountMax }
}

extension Workspace {
    /// Counts the response as an answer to a request that came at `start`, microseconds of the monotonic
    /// clock. Returns how many it took.
    mutating func countRequest(isHTTP2: Bool, since start: UInt64) -> UInt64 {
        let end = Clock.monotonicMicroseconds()
        let duration = end - min(start, end)
        metrics.requests.count(
            response.route, isHTTP2: isHTTP2, status: response.status, microseconds: duration)
        return duration
    }

    /// Counts the items that were refused before they came to the log.
    mutating func countRejections(of tally: borrowing UploadTally) {
        metrics.reject(.invalidJSON, tally.invalidCount)
        metrics.reject(.tooLarge, tally.tooLargeCount)
    }
}

// Uploads that are used again.
extension Workspace {
    /// An upload whose head has come.
    ///
    /// - Throws: where there is no memory for zlib's window.
    mutating func makeUpload(_ head: Upload, startedAt: UInt64) throws(CompressionError) -> PendingUpload {
        guard let spare = spareUploads.popLast() else {
            return try PendingUpload(head, startedAt: startedAt)
        }
        try spare.reuse(for: head, startedAt: startedAt)
        return spare
    }

    /// Takes back what nobody refers to any more.
    mutating func keep(_ upload: PendingUpload) {
        if spareUploads.count < UploadLimits.sparesMax { spareUploads.append(upload) }
    }

    /// A stream with an upload whose head has come. Throws as above.
    mutating func makeUploadStream(
        _ stream: HTTP2StreamID, _ head: Upload, startedAt: UInt64
    ) throws(CompressionError) -> UploadStream {
        guard let spare = spareStreams.popLast() else {
            return UploadStream(stream, try PendingUpload(head, startedAt: startedAt))
        }
        try spare.reuse(for: stream, head, startedAt: startedAt)
        return spare
    }

    /// Takes back what nobody refers to any more.
    mutating func keep(_ stream: UploadStream) {
        if spareStreams.count < UploadLimits.sparesMax { spareStreams.append(stream) }
    }
}

/// An upload, and the token of the connection that it came by.
struct UploadEntry {
    let upload: PendingUpload
    let connection: UInt64
}

/// The Date field's value, formatted once a second (RFC 9110 section 6.6.1).
final class DateField {
    private var second: UInt64 = 0
    private(set) var line: [UInt8] = []

    /// Brings the line up to the wall clock's time.
    func update(wallMilliseconds: UInt64) {
        let second = wallMilliseconds / 1000
        if second == self.second { return }
        self.second = second
        line.removeAll(keepingCapacity: true)
        line.append("Date: ")
        HTTPDate.append(secondsSinceEpoch: second, to: &line)
        line.append("\r\n")
    }
}
