import HTTP2

/// What a stream or a connection was broken off for: HTTP/2's error codes (RFC 9113 section 7), by the names
/// that metrics give them. The raw values are the codes; the last one stands for any other.
enum HTTP2Reason: UInt8, CaseIterable {
    case noError, protocolError, internalError, flowControlError, settingsTimeout, streamClosed
    case frameSizeError, refusedStream, cancel, compressionError, connectError, enhanceYourCalm
    case inadequateSecurity, http11Required, other

    init(code: UInt32) { self = HTTP2Reason(rawValue: UInt8(clamping: code)) ?? .other }

    var name: StaticString {
        switch self {
        case .noError: "no-error"
        case .protocolError: "protocol-error"
        case .internalError: "internal-error"
        case .flowControlError: "flow-control-error"
        case .settingsTimeout: "settings-timeout"
        case .streamClosed: "stream-closed"
        case .frameSizeError: "frame-size-error"
        case .refusedStream: "refused-stream"
        case .cancel: "cancel"
        case .compressionError: "compression-error"
        case .connectError: "connect-error"
        case .enhanceYourCalm: "enhance-your-calm"
        case .inadequateSecurity: "inadequate-security"
        case .http11Required: "http-1.1-required"
        case .other: "other"
        }
    }
}

/// What is particular to HTTP/2's connections.
struct HTTP2Metrics: Sendable {
    /// RST_STREAM frames sent, by `HTTP2Reason`.
    private(set) var resets = InlineArray<15, UInt64>(repeating: 0)
    /// GOAWAY frames sent, by `HTTP2Reason`.
    private(set) var goodbyes = InlineArray<15, UInt64>(repeating: 0)
    /// Connections that were ended for what they cost.
    private(set) var sentAwayForFrames: UInt64 = 0
    private(set) var sentAwayForContinuations: UInt64 = 0
    /// Connections that ended without GOAWAY: what came was not HTTP/2, or there was no memory for it.
    private(set) var failures: UInt64 = 0

    mutating func count(_ end: HTTP2Break) {
        switch end {
        case .stream(let code): resets[Int(HTTP2Reason(code: code).rawValue)] += 1
        case .connection(let code): goodbyes[Int(HTTP2Reason(code: code).rawValue)] += 1
        }
    }

    mutating func count(_ excess: HTTP2Excess) {
        switch excess {
        case .frames: sentAwayForFrames += 1
        case .continuations: sentAwayForContinuations += 1
        }
    }

    mutating func countFailure() { failures += 1 }

    mutating func add(_ other: HTTP2Metrics) {
        for index in resets.indices { resets[index] += other.resets[index] }
        for index in goodbyes.indices { goodbyes[index] += other.goodbyes[index] }
        sentAwayForFrames += other.sentAwayForFrames
        sentAwayForContinuations += other.sentAwayForContinuations
        failures += other.failures
    }
}
