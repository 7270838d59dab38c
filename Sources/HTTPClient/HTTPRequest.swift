/// One request, as it is sent.
package struct HTTPRequest: Sendable {
    /// What is asked for (RFC 9110 section 9).
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
    }

    /// What is asked for.
    package var method: Method
    /// An absolute URL with the scheme `https` or `http`.
    package var url: String
    /// Header fields beside those that libcurl adds: names and values.
    package var fields: [(name: String, value: String)] = []
    /// The content; sent with POST alone.
    package var body: [UInt8] = []
    /// As in the client's settings, which stand where this is nil: for answers that are meant to take long.
    package var stallTimeoutSeconds: Int?

    /// A request without header fields of its own.
    package init(_ method: Method, _ url: String) {
        self.method = method
        self.url = url
    }
}
