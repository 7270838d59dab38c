import HTTPClient

/// A server to talk to, over connections that are kept.
final class RemoteServer {
    let base: BaseURL
    private let client: HTTPClient

    init(_ base: BaseURL, _ settings: HTTPClientSettings) {
        self.base = base
        client = HTTPClient(settings)
    }

    /// Gets a path; an answer that is no success is thrown as what it says.
    ///
    /// - Parameter stallTimeoutSeconds: how long nothing may come, where that is longer than usual.
    func get(
        _ segments: [String], query: String = "", stallTimeoutSeconds: Int? = nil,
        unless isCancelled: () -> Bool = { false }
    ) throws -> HTTPResponse {
        var request = HTTPRequest(.get, base.url(segments, query: query))
        request.stallTimeoutSeconds = stallTimeoutSeconds
        let response = try client.send(request, unless: isCancelled)
        if !response.isSuccess { throw ServerRefusal(request, response) }
        return response
    }

    /// Gets a path into a sink. An answer that is no success is returned, and the sink sees nothing of it.
    func get(
        _ segments: [String], fields: [(name: String, value: String)] = [], into sink: any ResponseSink,
        stallTimeoutSeconds: Int? = nil, unless isCancelled: () -> Bool
    ) throws -> (HTTPRequest, HTTPResponse) {
        var request = HTTPRequest(.get, base.url(segments))
        request.fields = fields
        request.stallTimeoutSeconds = stallTimeoutSeconds
        return (request, try client.send(request, into: sink, unless: isCancelled))
    }

    /// Posts an item.
    ///
    /// - Parameter secret: nil where the client's certificate says who posts.
    /// - Throws: `HTTPClientError` where there was no answer, `ServerRefusal` where it is no success.
    func post(_ item: PostedItem, secret: String?, unless isCancelled: () -> Bool = { false }) throws
        -> HTTPResponse
    {
        var request = HTTPRequest(.post, base.url(["channel", item.channel], query: item.query))
        request.fields = [("Content-Type", item.contentType)]
        if let secret { request.fields.append(("Authorization", "Bearer \(secret)")) }
        if let key = item.idempotencyKey { request.fields.append(("Idempotency-Key", key)) }
        request.body = item.data
        let response = try client.send(request, unless: isCancelled)
        if !response.isSuccess { throw ServerRefusal(request, response) }
        return response
    }
}

/// An item as it is posted.
struct PostedItem {
    var channel: String
    var contentType: String
    var data: [UInt8]
    /// The channel's type; nil leaves it to the server.
    var channelType: String?
    /// The item's time, in milliseconds since the UNIX epoch; nil for the server's.
    var timestamp: UInt64?
    /// How long ago the item was taken; nil for now.
    var age: TimeSpan?
    /// What a retry has in common with what it repeats.
    var idempotencyKey: String?

    /// The query that says all this, encoded.
    var query: String {
        var parameters: [String] = []
        if let channelType { parameters.append("type=" + BaseURL.encoded(channelType)) }
        if let timestamp { parameters.append("timestamp=\(timestamp)") }
        if let age { parameters.append("age=\(age.milliseconds)") }
        return parameters.joined(separator: "&")
    }
}
