import HTTP

/// What the routes answer by, and the field lines that follow from it, made once at start.
final class RouteSettings: Sendable {
    /// `*`, or the one origin whose scripts may read.
    let corsOrigin: String
    /// The most octets in an item.
    let itemByteCountMax: Int
    /// The length of a window.
    let frameDurationMilliseconds: UInt64
    /// How long a window stays open past its end.
    let latenessMilliseconds: UInt64
    /// Whether the Go server's clients find what they ask for (`Resource`).
    let isGoCompatible: Bool
    /// How many times its size a body in gzip may stand for.
    let gzipRatioMax: UInt64
    /// The line of Strict-Transport-Security (RFC 6797 section 6.1), for what TLS protects; empty for none.
    let strictTransport: [UInt8]
    let blocks: FieldBlocks

    /// - Parameter corsOrigin: must satisfy `isOrigin`.
    init(
        corsOrigin: String = "*", itemByteCountMax: Int, frameDurationMilliseconds: UInt64,
        latenessMilliseconds: UInt64, isGoCompatible: Bool = false, gzipRatioMax: UInt64 = 200,
        strictTransportSeconds: UInt64? = nil
    ) {
        precondition(Self.isOrigin(corsOrigin), "the CORS origin is not checked")
        precondition(frameDurationMilliseconds > 0, "a window has a length")
        self.corsOrigin = corsOrigin
        self.itemByteCountMax = itemByteCountMax
        self.frameDurationMilliseconds = frameDurationMilliseconds
        self.latenessMilliseconds = latenessMilliseconds
        self.isGoCompatible = isGoCompatible
        self.gzipRatioMax = gzipRatioMax
        strictTransport = Array(
            (strictTransportSeconds.map { "Strict-Transport-Security: max-age=\($0)\r\n" } ?? "").utf8)
        blocks = FieldBlocks(corsOrigin: corsOrigin)
    }

    /// Whether `text` can stand in Access-Control-Allow-Origin: `*`, or `SCHEME://HOST[:PORT]` as browsers
    /// send it (the Fetch standard allows one origin, and a serialised origin has no path).
    static func isOrigin(_ text: String) -> Bool {
        if text == "*" { return true }
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), colon != text.utf8.startIndex,
            text.utf8[colon...].starts(with: "://".utf8)
        else { return false }
        let host = text.utf8[colon...].dropFirst(3)
        let allowed = text.utf8.allSatisfy {
            0x21...0x7E ~= $0 && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"")
        }
        return allowed && !host.isEmpty && !host.contains(UInt8(ascii: "/"))
    }
}
