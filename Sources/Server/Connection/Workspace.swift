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
    /// What the uploads hold.
    let memory: UploadMemory
    /// Uploads that are answered, to be used again.
    private var spareUploads: [PendingUpload] = []
    /// The same by HTTP/2.
    private var spareStreams: [UploadStream] = []
    /// Octets of the records that the writer has and has not decided on.
    var undecidedByteCount = 0
    /// Items in those records.
    var undecidedCount = 0
    /// Connections that have items and wait until the writer has decided on some.
    var waitingForQueue: [UInt64] = []
    /// The channels that are followed here.
    var feeds = ChannelFeeds(loop: 0, watch: nil)
    /// What this loop has counted.
    var metrics = LoopMetrics()
    let dates = DateField()
    /// Nil where there is no access log.
    var access: AccessLines?

    /// Requests that wait for what is still to come.
    var followerCount: UInt64 { FollowerKind.allCases.reduce(0) { $0 + metrics.followers[Int($1.rawValue)] } }

    /// Whether so much waits for the disk that no more is taken: devices that send faster are held up by TCP.
    var isQueueFull: Bool { undecidedByteCount + batch.byteCount >= TurnLimits.queueByteCountMax }

    init(memory: UploadMemory = UploadMemory()) {
        self.memory = memory
    }
}

extension Workspace {
    /// Begins an upload whose head has come; nil where there is no room for it, and the response says so.
    /// Those that are under way are held up where a new one is refused.
    mutating func begin(_ upload: Upload, _ turn: borrowing Turn) -> PendingUpload? {
        if !admits(upload, turn) { return nil }
        do {
            guard let spare = spareUploads.popLast() else {
                return try PendingUpload(upload, memory: memory, startedAt: turn.monotonicMicroseconds)
            }
            try spare.reuse(for: upload, startedAt: turn.monotonicMicroseconds)
            return spare
        } catch {
            // No memory for zlib's window: this request fails, the server goes on.
            refuse(.memoryFull, turn)
            return nil
        }
    }

    /// The same for an upload by a stream.
    mutating func begin(
        _ upload: Upload, on stream: HTTP2StreamID, _ turn: borrowing Turn
    ) -> UploadStream? {
        guard let spare = spareStreams.popLast() else {
            return begin(upload, turn).map { UploadStream(stream, $0) }
        }
        if !admits(upload, turn) {
            spareStreams.append(spare)
            return nil
        }
        do {
            try spare.reuse(for: stream, upload, startedAt: turn.monotonicMicroseconds)
            return spare
        } catch {
            refuse(.memoryFull, turn)
            return nil
        }
    }

    /// Takes back what is answered, and nobody refers to any more.
    mutating func keep(_ upload: PendingUpload) {
        if spareUploads.count == UploadLimits.sparesMax { return }
        upload.rest()
        spareUploads.append(upload)
    }

    /// The same with its stream.
    mutating func keep(_ stream: UploadStream) {
        if spareStreams.count == UploadLimits.sparesMax { return }
        stream.pending.rest()
        spareStreams.append(stream)
    }

    private mutating func admits(_ upload: Upload, _ turn: borrowing Turn) -> Bool {
        if isQueueFull {
            refuse(.queueFull, turn)
        } else if !memory.hasRoom(to: upload.heldByteCount) {
            refuse(.memoryFull, turn)
        } else {
            return true
        }
        return false
    }

    private mutating func refuse(_ refusal: UploadRefusal, _ turn: borrowing Turn) {
        metrics.refusedUploads[Int(refusal.rawValue)] += 1
        Router.refuse(refusal, turn.context, &response)
    }
}

extension Workspace {
    /// Puts into the metrics what goes up and down.
    mutating func noteLevels() {
        metrics.queuedByteCount = UInt64(undecidedByteCount)
        metrics.queuedItems = UInt64(undecidedCount)
        metrics.uploadByteCount = UInt64(memory.byteCount)
    }

    /// Counts the response as an answer to a request that came at `start`, microseconds of the monotonic
    /// clock. Returns how many it took.
    mutating func countRequest(isHTTP2: Bool, since start: UInt64) -> UInt64 {
        let end = Clock.monotonicMicroseconds()
        let duration = end - min(start, end)
        metrics.requests.count(
            response.route, isHTTP2: isHTTP2, status: response.status, microseconds: duration)
        if let cause = response.cause { metrics.count(cause) }
        return duration
    }

    /// An upload is over, answered or not: counts the items that were refused before they came to the log.
    /// The last one may have ended the upload.
    mutating func remove(_ upload: PendingUpload, ticket: UInt64) {
        upload.end(.cutOff)
        uploads.remove(at: ticket)
        metrics.reject(.invalidJSON, upload.tally.invalidCount)
        metrics.reject(.tooLarge, upload.tally.tooLargeCount)
        if let ending = upload.ending, let reason = ItemRejection(ending, isWithin: upload.hasLostItem) {
            metrics.reject(reason)
        }
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
