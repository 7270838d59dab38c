import Bytes

/// The bodies that a POST may have.
enum AcceptedTypes {
    /// How a body of that Content-Type is read; nil where it is not taken. Parameters change nothing.
    static func body(of contentType: Span<UInt8>) -> Upload.Body? {
        var end = contentType.firstIndex(of: UInt8(ascii: ";")) ?? contentType.count
        while end > 0, contentType[end - 1] == UInt8(ascii: " ") || contentType[end - 1] == UInt8(ascii: "\t")
        {
            end -= 1
        }
        let type = contentType.extracting(0..<end)
        if type.isEqual(toLowercased: "application/json") { return .json }
        if type.isEqual(toLowercased: "application/octet-stream") { return .octets }
        if type.isEqual(toLowercased: "application/x-ndjson") { return .lines }
        if type.isEqual(toLowercased: "application/vnd.syncstreamer.items") { return .records }
        return nil
    }

    /// The channel type of items whose POST names none.
    static func channelType(of body: Upload.Body) -> [UInt8] {
        switch body {
        case .json, .lines: json
        case .octets, .records: octetStream
        }
    }

    private static let json = Array("application/json".utf8)
    private static let octetStream = Array("application/octet-stream".utf8)

    /// Accept-Post (W3C Linked Data Platform 1.0, section 7.1).
    static var field: StaticString {
        """
        Accept-Post: application/json, application/octet-stream, application/x-ndjson, \
        application/vnd.syncstreamer.items\r\n
        """
    }
}
