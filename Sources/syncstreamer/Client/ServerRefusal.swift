import HTTPClient

/// An answer that says that what was asked for was not done.
struct ServerRefusal: Error, CustomStringConvertible {
    let description: String
    let status: Int
    /// The problem document, where there is one.
    let problem: JSONValue?
    /// The seconds after which trying again may help, where the server says them.
    let retryAfterSeconds: UInt64?

    /// Takes what the problem document says (RFC 9457), where there is one.
    init(_ request: HTTPRequest, _ response: HTTPResponse) {
        status = response.status
        retryAfterSeconds = response.value(of: "retry-after").flatMap { UInt64($0) }
        problem = JSONValue(response.body.span)
        let words = [problem?["title"]?.text, problem?["detail"]?.text].compactMap { $0 }.filter {
            !$0.isEmpty
        }
        let said = words.isEmpty ? "" : ": " + PlainText.text(words.joined(separator: ": "))
        description =
            "\(request.method.rawValue) \(request.url): the server answered \(response.status)\(said)"
    }

    /// Whether the request was read as a whole, and only its items were refused: each says why.
    var isOfItems: Bool { !isPassing && (problem?["rejectedCount"]?.natural ?? 0) > 0 }

    /// Whether the same request may succeed later (RFC 9110 section 15.6, RFC 6585 section 4).
    var isPassing: Bool { status == 408 || status == 429 || status >= 500 }
}
