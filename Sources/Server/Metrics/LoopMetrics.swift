import FrameLog

/// What one event loop counts. The loop alone changes it, and publishes copies.
struct LoopMetrics: Sendable {
    var requests = RequestMetrics()
    var receivedByteCount: UInt64 = 0
    var sentByteCount: UInt64 = 0

    var acceptedConnections: UInt64 = 0
    var openConnections: UInt64 = 0
    /// By `ConnectionRefusal`.
    var refusedConnections = InlineArray<3, UInt64>(repeating: 0)
    /// By `ConnectionTimeout`.
    var timeouts = InlineArray<5, UInt64>(repeating: 0)
    /// Full and resumed, by TLS 1.2 and 1.3.
    var handshakes = InlineArray<4, UInt64>(repeating: 0)
    /// By `HandshakeFailure`.
    var failedHandshakes = InlineArray<6, UInt64>(repeating: 0)
    var http2 = HTTP2Metrics()

    /// Those who wait now, by `FollowerKind`.
    var followers = InlineArray<3, UInt64>(repeating: 0)
    /// Those who were cut off, since what came next was no longer there, by `FollowerKind`.
    var laggedFollowers = InlineArray<3, UInt64>(repeating: 0)

    /// By `RatePolicy`.
    var rateRefusals = InlineArray<7, UInt64>(repeating: 0)
    var wrongSecrets: UInt64 = 0
    /// By `UploadRefusal`.
    var refusedUploads = InlineArray<3, UInt64>(repeating: 0)
    var acceptedItems: UInt64 = 0
    var acceptedItemByteCount: UInt64 = 0
    /// By `ItemRejection`.
    var rejectedItems = InlineArray<15, UInt64>(repeating: 0)
    /// Items on their way to the log, and their octets.
    var queuedItems: UInt64 = 0
    var queuedByteCount: UInt64 = 0
    /// Octets that uploads hold of items that have not come whole.
    var uploadByteCount: UInt64 = 0

    var turns = Histogram()

    mutating func countHandshake(isTLS13: Bool, wasResumed: Bool) {
        handshakes[(isTLS13 ? 2 : 0) + (wasResumed ? 1 : 0)] += 1
    }

    /// Counts what the log has decided on an item.
    mutating func count(_ verdict: ItemVerdict, byteCount: Int) {
        switch verdict {
        case .accepted:
            acceptedItems += 1
            acceptedItemByteCount += UInt64(byteCount)
        case .claimed, .ended: break
        case .keysFull: refusedUploads[Int(UploadRefusal.keysFull.rawValue)] += 1
        case .late: reject(.late)
        case .tooFarAhead: reject(.tooFarAhead)
        case .typeConflict: reject(.typeConflict)
        case .windowFull: reject(.windowFull)
        case .noSpace: reject(.noSpace)
        case .logClosed: reject(.logClosed)
        case .inDoubt, .superseded: reject(.undecided)
        }
    }

    mutating func countLagged(_ kind: FollowerKind) { laggedFollowers[Int(kind.rawValue)] += 1 }

    mutating func count(_ failure: HandshakeFailure) { failedHandshakes[Int(failure.rawValue)] += 1 }

    mutating func count(_ cause: RefusalCause) {
        switch cause {
        case .rate(let policy): rateRefusals[Int(policy.rawValue)] += 1
        case .wrongSecret: wrongSecrets += 1
        case .item(let reason): reject(reason)
        }
    }

    mutating func reject(_ reason: ItemRejection, _ count: UInt64 = 1) {
        rejectedItems[Int(reason.rawValue)] += count
    }

    mutating func add(_ other: LoopMetrics) {
        requests.add(other.requests)
        receivedByteCount += other.receivedByteCount
        sentByteCount += other.sentByteCount
        acceptedConnections += other.acceptedConnections
        openConnections += other.openConnections
        for index in refusedConnections.indices {
            refusedConnections[index] += other.refusedConnections[index]
        }
        for index in timeouts.indices { timeouts[index] += other.timeouts[index] }
        for index in handshakes.indices { handshakes[index] += other.handshakes[index] }
        for index in failedHandshakes.indices { failedHandshakes[index] += other.failedHandshakes[index] }
        http2.add(other.http2)
        for index in followers.indices {
            followers[index] += other.followers[index]
            laggedFollowers[index] += other.laggedFollowers[index]
        }
        for index in rateRefusals.indices { rateRefusals[index] += other.rateRefusals[index] }
        wrongSecrets += other.wrongSecrets
        for index in refusedUploads.indices { refusedUploads[index] += other.refusedUploads[index] }
        acceptedItems += other.acceptedItems
        acceptedItemByteCount += other.acceptedItemByteCount
        for index in rejectedItems.indices { rejectedItems[index] += other.rejectedItems[index] }
        queuedItems += other.queuedItems
        queuedByteCount += other.queuedByteCount
        uploadByteCount += other.uploadByteCount
        turns.add(other.turns)
    }
}

/// Why an item is in no frame.
enum ItemRejection: UInt8, CaseIterable {
    case late, tooFarAhead, typeConflict, windowFull, noSpace, logClosed
    /// Whether it was stored is not known, or another request goes on with it.
    case undecided
    case invalidJSON, tooLarge
    /// It ended its upload: of what could follow it nothing is known.
    case rateLimited, memoryFull
    /// The body's gzip is broken, or stands for too much.
    case brokenGzip, tooDense
    /// The body, or the connection, ended within it, or it did not come in time.
    case torn, timedOut

    /// Nil where no item was lost with the end of its upload, or it is counted elsewhere.
    ///
    /// - Parameter isWithin: something had come of an item that had not come whole.
    init?(_ ending: UploadEnding, isWithin: Bool) {
        switch ending {
        case .rateLimited: self = .rateLimited
        case .memoryFull: self = .memoryFull
        case .corruptGzip: self = .brokenGzip
        case .tooDense: self = .tooDense
        case .tornRecord: self = .torn
        case .cutOff where isWithin, .malformed where isWithin: self = .torn
        case .timedOut where isWithin: self = .timedOut
        case .cutOff, .malformed, .timedOut, .complete, .tooLarge, .draining, .refused, .keyConflict,
            .keysFull, .superseded:
            return nil
        }
    }

    var name: StaticString {
        switch self {
        case .late: "late"
        case .tooFarAhead: "too-far-ahead"
        case .typeConflict: "type-conflict"
        case .windowFull: "window-full"
        case .noSpace: "no-space"
        case .logClosed: "log-closed"
        case .undecided: "undecided"
        case .invalidJSON: "invalid-json"
        case .tooLarge: "too-large"
        case .rateLimited: "rate-limited"
        case .memoryFull: "memory-full"
        case .brokenGzip: "broken-gzip"
        case .tooDense: "too-dense"
        case .torn: "torn"
        case .timedOut: "timed-out"
        }
    }
}

/// Why a connection was not taken.
enum ConnectionRefusal: UInt8, CaseIterable {
    case total, address, descriptors

    var name: StaticString {
        switch self {
        case .total: "total"
        case .address: "address"
        case .descriptors: "descriptors"
        }
    }
}

/// What took a connection too long.
enum ConnectionTimeout: UInt8, CaseIterable {
    case handshake, head, idle, body, response

    var name: StaticString {
        switch self {
        case .handshake: "handshake"
        case .head: "head"
        case .idle: "idle"
        case .body: "body"
        case .response: "response"
        }
    }
}
