/// Every kind of problem that a response of this server can have (RFC 9457): its stable name, its title, its
/// status.
///
/// The `type` member is `urn:syncstreamer:problem:` and the name. Clients may rely on it, so a name never
/// changes.
struct ProblemType: Sendable {
    let name: StaticString
    let title: StaticString
    let status: UInt16

    private init(_ status: UInt16, _ name: StaticString, _ title: StaticString) {
        self.name = name
        self.title = title
        self.status = status
    }

    /// What stands before the name in a `type` member.
    static var prefix: StaticString { "urn:syncstreamer:problem:" }

    // Faults of the request itself.
    static let malformedRequest = ProblemType(400, "malformed-request", "The request is malformed")
    static let badParameter = ProblemType(400, "bad-parameter", "A parameter has no usable value")
    static let badChannel = ProblemType(400, "bad-channel", "The channel id is not allowed")
    static let invalidJSON = ProblemType(400, "invalid-json", "The body is not JSON")
    static let emptyBody = ProblemType(400, "empty-body", "The body holds no item")
    static let tornBody = ProblemType(400, "torn-body", "The body ended too early")
    static let badIdempotencyKey = ProblemType(400, "bad-idempotency-key", "The key can't be used")
    static let unauthorized = ProblemType(401, "unauthorized", "A valid secret is needed")
    static let forbidden = ProblemType(403, "forbidden", "The secret is not for this channel")
    static let unknownPath = ProblemType(404, "unknown-path", "There is nothing here")
    static let unknownFrame = ProblemType(404, "unknown-frame", "There is no such frame")
    static let methodNotAllowed = ProblemType(
        405, "method-not-allowed", "The method is not for this resource")
    static let notAcceptable = ProblemType(406, "not-acceptable", "There is no form that is acceptable")
    static let timeout = ProblemType(408, "timeout", "The request took too long")
    static let removedFrame = ProblemType(410, "removed-frame", "The frame was removed")
    static let preconditionFailed = ProblemType(
        412, "precondition-failed", "The frame is not the one asked for")
    static let tooLarge = ProblemType(413, "too-large", "The item is too large")
    static let uriTooLong = ProblemType(414, "uri-too-long", "The request line is too long")
    static let unsupportedType = ProblemType(415, "unsupported-type", "The content type is not supported")
    static let unsupportedCoding = ProblemType(
        415, "unsupported-coding", "The content coding is not supported")
    static let rangeNotSatisfiable = ProblemType(
        416, "range-not-satisfiable", "The range lies outside the frame")
    static let expectationFailed = ProblemType(417, "expectation-failed", "The expectation can't be met")
    static let fieldsTooLarge = ProblemType(431, "fields-too-large", "The header section is too large")
    static let rateLimited = ProblemType(429, "rate-limited", "Too much was asked for in a short time")
    static let unknownMethod = ProblemType(501, "unknown-method", "The method is not known")
    static let unsupportedVersion = ProblemType(
        505, "unsupported-version", "The HTTP version is not supported")

    // Items that the log does not take.
    static let typeConflict = ProblemType(409, "type-conflict", "The channel has another type in this window")
    static let keyConflict = ProblemType(
        422, "idempotency-key-conflict", "The key belongs to another body")
    static let superseded = ProblemType(409, "superseded", "Another request goes on with this upload")
    static let late = ProblemType(422, "late", "The item is older than every open window")
    static let tooFarAhead = ProblemType(422, "too-far-ahead", "The item is too far in the future")

    // The server's own.
    static let internalFault = ProblemType(500, "internal-fault", "The server failed")
    static let damagedFrame = ProblemType(500, "damaged-frame", "The frame is damaged")
    static let unavailable = ProblemType(503, "unavailable", "The server takes no items now")
    static let tooManyKeys = ProblemType(503, "too-many-keys", "There are too many idempotency keys")
    static let windowFull = ProblemType(503, "window-full", "The window is full")
    static let queueFull = ProblemType(503, "queue-full", "Too much waits for the disk")
    static let memoryFull = ProblemType(503, "memory-full", "Uploads hold as much memory as they may")
    static let noSpace = ProblemType(507, "no-space", "The server's disk is full")

    /// The problem for a fault that has no more to it than its status.
    static func forStatus(_ status: UInt16) -> ProblemType {
        switch status {
        case 408: timeout
        case 413: tooLarge
        case 414: uriTooLong
        case 417: expectationFailed
        case 431: fieldsTooLarge
        case 500: internalFault
        case 501: unknownMethod
        case 503: unavailable
        case 505: unsupportedVersion
        default: malformedRequest
        }
    }
}
