import HTTP
import HTTPClient
import Posix

/// An answer that says that what was asked for was not done.
struct ServerRefusal: Error, CustomStringConvertible {
    let description: String
    let status: Int
    /// The problem document, where there is one.
    let problem: JSONValue?
    /// The seconds after which trying again may help, where the server says them.
    let retryAfterSeconds: UInt64?

    /// A refusal that says no more than its status.
    init(status: Int) {
        self.status = status
        description = "the server answered \(status)"
        problem = nil
        retryAfterSeconds = nil
    }

    /// Takes what the problem document says (RFC 9457), where there is one.
    init(_ request: HTTPRequest, _ response: HTTPResponse) {
        status = response.status
        retryAfterSeconds = response.value(of: "retry-after").flatMap {
            Self.seconds(until: $0, date: response.value(of: "date"))
        }
        problem = JSONValue(response.body.span)
        let words = [problem?["title"]?.text, problem?["detail"]?.text].compactMap { $0 }.filter {
            !$0.isEmpty
        }
        let said = words.isEmpty ? "" : ": " + PlainText.text(words.joined(separator: ": "))
        description =
            "\(request.method.rawValue) \(request.url): the server answered \(response.status)\(said)"
    }

    /// The seconds that a Retry-After field says (RFC 9110 section 10.2.3): a number, or until a date by the
    /// clock of the server, which its Date field tells; nil where it is neither.
    static func seconds(until text: String, date: String?) -> UInt64? {
        if let seconds = UInt64(text) { return seconds }
        guard let end = HTTPDate.seconds(Array(text.utf8).span) else { return nil }
        let now = date.flatMap { HTTPDate.seconds(Array($0.utf8).span) } ?? Clock.wallMilliseconds() / 1000
        return end - min(end, now)
    }

    /// Whether items may be stored all the same. SyncStreamer says how many are, or refuses before the first;
    /// a server in between can't know.
    var mayHaveStored: Bool { Self.mayHaveStored(problem) }

    static func mayHaveStored(_ problem: JSONValue?) -> Bool {
        guard let problem, problem["type"]?.text?.hasPrefix("urn:syncstreamer:problem:") == true else {
            return true
        }
        return problem["accepted"]?.natural ?? 0 > 0
    }

    /// Whether the request was read as a whole, and only its items were refused: each says why.
    var isOfItems: Bool { !isPassing && (problem?["rejectedCount"]?.natural ?? 0) > 0 }

    /// Whether the same request may succeed later (RFC 9110 section 15.6, RFC 6585 section 4).
    var isPassing: Bool { status == 408 || status == 429 || status >= 500 }
}
