import Bytes

/// Choosing the form of a response by what the client accepts (RFC 9110 section 12).
package enum ContentNegotiation {
    /// Whether a gzip form may be sent, and the identity form is not preferred over it (RFC 9110 section
    /// 12.5.3).
    package static func acceptsGzip(_ head: borrowing RequestHead, _ octets: Span<UInt8>) -> Bool {
        var gzip: Int?
        var identity: Int?
        var other: Int?
        head.forEachValue(of: .acceptEncoding) { value in
            FieldList.forEach(in: octets.extracting(value)) { member in
                let end = member.firstIndex(of: UInt8(ascii: ";")) ?? member.count
                let coding = FieldList.trimmed(member.extracting(0..<end))
                let quality = quality(member.extracting(end..<member.count))
                if coding.isEqual(toLowercased: "gzip") || coding.isEqual(toLowercased: "x-gzip") {
                    gzip = quality
                } else if coding.isEqual(toLowercased: "identity") {
                    identity = quality
                } else if coding.isEqual(to: "*") {
                    other = quality
                }
            }
        }
        let wanted = gzip ?? other ?? 0
        // Identity that is not named is the fallback, not the preference.
        return wanted > 0 && wanted >= (identity ?? 0)
    }

    /// Whether an event stream may be sent, by the Accept field (RFC 9110 section 12.5.1).
    package static func acceptsEvents(_ head: borrowing RequestHead, _ octets: Span<UInt8>) -> EventAcceptance
    {
        var named: Int?
        var ranged: Int?
        head.forEachValue(of: .accept) { value in
            FieldList.forEach(in: octets.extracting(value)) { member in
                let end = member.firstIndex(of: UInt8(ascii: ";")) ?? member.count
                let range = FieldList.trimmed(member.extracting(0..<end))
                let quality = quality(member.extracting(end..<member.count))
                if range.isEqual(toLowercased: "text/event-stream") {
                    named = quality
                } else if range.isEqual(toLowercased: "text/*") || range.isEqual(to: "*/*") {
                    ranged = max(ranged ?? 0, quality)
                }
            }
        }
        if let named { return named > 0 ? .named : .refused }
        if head.value(of: .accept) == nil { return .possible }
        return ranged ?? 0 > 0 ? .possible : .refused
    }

    /// The weight in thousandths among parameters such as `;q=0.5` (RFC 9110 section 12.4.2); a malformed one
    /// is 0.
    static func quality(_ parameters: Span<UInt8>) -> Int {
        var start = 0
        while start < parameters.count {
            let end = parameters.firstIndex(of: UInt8(ascii: ";"), from: start) ?? parameters.count
            let parameter = FieldList.trimmed(parameters.extracting(start..<end))
            start = end + 1
            if parameter.count < 2 || parameter[0].lowercasedASCII != UInt8(ascii: "q") { continue }
            if parameter[1] != UInt8(ascii: "=") { continue }
            return thousandths(parameter.extracting(2..<parameter.count))
        }
        return 1000
    }

    private static func thousandths(_ text: Span<UInt8>) -> Int {
        guard !text.isEmpty, text.count <= 5, let whole = text.extracting(0..<1).decimal(), whole <= 1 else {
            return 0
        }
        if text.count == 1 { return Int(whole) * 1000 }
        guard text[1] == UInt8(ascii: ".") else { return 0 }
        if text.count == 2 { return Int(whole) * 1000 }
        guard var fraction = text.extracting(2..<text.count).decimal() else { return 0 }
        for _ in text.count..<5 { fraction *= 10 }
        return min(1000, Int(whole) * 1000 + Int(fraction))
    }
}

/// What a client says of event streams.
package enum EventAcceptance: Sendable {
    /// It asks for one by name.
    case named
    /// It takes anything, or doesn't say.
    case possible
    /// It takes other things only.
    case refused
}
