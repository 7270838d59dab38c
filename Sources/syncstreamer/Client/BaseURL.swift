import Bytes

/// A server's address, to which paths are added.
struct BaseURL: Equatable {
    /// Without a slash at the end.
    let text: String

    /// Takes `https://HOST[:PORT][/PATH]`, or the same with `http`; nil for anything else.
    init?(_ text: String) {
        var text = Substring(text)
        while text.hasSuffix("/") { text.removeLast() }
        let scheme = text.prefix(8).lowercased()
        let host =
            scheme == "https://" ? text.dropFirst(8) : scheme.hasPrefix("http://") ? text.dropFirst(7) : ""
        let isPlain = text.utf8.allSatisfy { 0x21...0x7E ~= $0 }
        if host.isEmpty || host.hasPrefix("/") || !isPlain || text.contains("?") || text.contains("#") {
            return nil
        }
        self.text = String(text)
    }

    /// The URL of a path, whose segments are encoded here, with a query that is encoded already.
    func url(_ segments: [String], query: String = "") -> String {
        let path = segments.map { "/" + Self.encoded($0) }.joined()
        return query.isEmpty ? text + path : "\(text)\(path)?\(query)"
    }

    /// Percent-encodes all but the unreserved characters (RFC 3986 section 2.3).
    static func encoded(_ text: String) -> String {
        var octets: [UInt8] = []
        for octet in text.utf8 {
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                octets.append(octet)
            default:
                octets.append(UInt8(ascii: "%"))
                octets.append(contentsOf: Hex.text([octet].span).uppercased().utf8)
            }
        }
        return String(decoding: octets, as: UTF8.self)
    }
}
