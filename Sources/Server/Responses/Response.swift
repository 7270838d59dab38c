import Bytes
import HTTP

/// An answer on its way from the routes to a connection. Each event loop has one and uses it for every
/// request, so a warm one allocates nothing.
///
/// The routes fill it. The connection adds Date, Connection and Content-Length (which it takes from the
/// content, for HEAD too, and leaves out for 204 and 304), and sends no body to HEAD.
struct Response: ~Copyable {
    var status: UInt16 = 500
    /// Field lines that many responses share.
    var block: FieldBlock?
    /// Field lines of this response alone, each with its CRLF.
    var fields = Buffer()
    /// Octets that `content` may refer to. An array, since whoever sends them later shares it.
    var text: [UInt8] = []
    var content = Content.none
    /// The content goes on for as long as there is more to say: it has no length.
    var isOpenEnded = false
    /// No answer would be honest: the connection is to be closed without one.
    var isWithheld = false
    /// What the request was for.
    var route = RouteLabel.malformed
    /// What metrics count it under besides its route and status.
    var cause: RefusalCause?
    /// What went wrong on the server's side, for the operator's log; nil where nothing did.
    var failure: String?

    init() {}

    /// Makes it as new, and keeps the memory where it is not large.
    mutating func reset() {
        status = 500
        block = nil
        content = .none
        isOpenEnded = false
        isWithheld = false
        failure = nil
        cause = nil
        route = .malformed
        fields.removeAll()
        text.removeAll(keepingCapacity: text.capacity <= Self.keptByteCountMax)
    }

    /// Octets of the body, which is what Content-Length says.
    var contentByteCount: Int {
        switch content {
        case .none: 0
        case .text: text.count
        case .shared(_, let range), .mapped(_, let range): range.count
        case .parts(let parts): parts.reduce(0) { $0 + $1.byteCount }
        }
    }

    /// Whether there is a Content-Length: not with 204, nor with 304, whose would be the whole frame's (RFC
    /// 9110 section 8.6), nor where nobody knows it.
    var hasContentLength: Bool { status != 204 && status != 304 && !isOpenEnded }

    /// Bodies of the routes' own making are problems and receipts; what is larger was an exception.
    private static let keptByteCountMax = 64 << 10
}
