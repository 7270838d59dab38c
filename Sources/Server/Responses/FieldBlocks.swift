import Bytes
import HTTP

/// The field lines that all responses of a kind share. What can't change may be stored by any cache for ever;
/// everything else, every error included, says `no-store`.
final class FieldBlocks: Sendable {
    /// A problem.
    let problem: FieldBlock
    /// JSON that can change.
    let json: FieldBlock
    /// Text that can change.
    let text: FieldBlock
    /// Metrics for Prometheus.
    let metrics: FieldBlock
    /// No body, and it can change.
    let empty: FieldBlock
    /// Events, which no proxy on the way may gather: nginx, and those that follow it, go by the last field.
    let events: FieldBlock
    /// JSON that never changes.
    let lastingJSON: FieldBlock
    /// The viewer: its page, and its scripts and styles. The page may use what is this server's, and nothing
    /// else may use the page.
    let page: FieldBlock
    let script: FieldBlock
    let style: FieldBlock
    /// The index, as it is and in its gzip form.
    let index: FieldBlock
    let indexGzip: FieldBlock
    /// A frame without its content type: for 304, and for parts of one that have a type of their own.
    let frameBase: FieldBlock
    /// A frame, as it is and in its gzip form.
    let frame: FieldBlock
    let frameGzip: FieldBlock
    /// A channel of a frame without its content type, and with it.
    let channelFrameBase: FieldBlock
    let channelFrame: FieldBlock

    /// - Parameter corsOrigin: whose scripts may read: `*`, an origin, or nil for nobody's.
    init(corsOrigin: String?) {
        var read = "X-Content-Type-Options: nosniff\r\n"
        if let corsOrigin {
            read += """
                Access-Control-Allow-Origin: \(corsOrigin)\r
                Access-Control-Expose-Headers: \
                ETag, Content-Range, Location, Link, Repr-Digest, Retry-After, RateLimit, RateLimit-Policy\r\n
                """
        }
        let changing = read + "Cache-Control: no-store\r\n"
        // RFC 8246: `immutable` keeps browsers from asking again on reload.
        let lasting = read + "Cache-Control: public, max-age=31536000, immutable\r\n"
        let embeddable = lasting + "Cross-Origin-Resource-Policy: cross-origin\r\n"
        let ranged = embeddable + "Vary: Accept-Encoding\r\nAccept-Ranges: bytes\r\n"
        let isJSON = "Content-Type: application/json\r\n"
        let isOctets = "Content-Type: application/octet-stream\r\n"
        let isGzip = "Content-Encoding: gzip\r\n"
        let varies = "Vary: Accept-Encoding\r\n"
        problem = Self.block(changing + "Content-Type: application/problem+json\r\n")
        json = Self.block(changing + isJSON)
        text = Self.block(changing + "Content-Type: text/plain; charset=utf-8\r\n")
        metrics = Self.block(changing + "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n")
        empty = Self.block(changing)
        events = Self.block(changing + "Content-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n")
        lastingJSON = Self.block(lasting + isJSON)
        let policy = """
            Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; \
            connect-src 'self'; img-src blob: data:; base-uri 'none'; form-action 'none'; \
            frame-ancestors 'none'\r
            Referrer-Policy: no-referrer\r\n
            """
        page = Self.block(changing + policy + "Content-Type: text/html; charset=utf-8\r\n")
        script = Self.block(changing + varies + "Content-Type: text/javascript; charset=utf-8\r\n")
        style = Self.block(changing + varies + "Content-Type: text/css; charset=utf-8\r\n")
        index = Self.block(changing + isJSON + varies)
        indexGzip = Self.block(changing + isJSON + varies + isGzip)
        frameBase = Self.block(ranged)
        frame = Self.block(ranged + isOctets)
        frameGzip = Self.block(ranged + isOctets + isGzip)
        channelFrameBase = Self.block(embeddable)
        channelFrame = Self.block(embeddable + isOctets)
    }

    private static func block(_ lines: String) -> FieldBlock {
        FieldBlock(octets: Array(lines.utf8))
    }
}
