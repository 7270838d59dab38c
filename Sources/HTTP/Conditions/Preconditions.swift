import Bytes

/// What a conditional request comes to (RFC 9110 section 13).
package enum PreconditionResult: Sendable, Equatable {
    case proceed
    /// 304: what the client has is what it would get.
    case notModified
    /// 412
    case preconditionFailed
}

/// Evaluates a GET's or HEAD's conditions in the order of RFC 9110 section 13.2.2.
package enum Preconditions {
    /// - Parameters:
    ///   - tag: the opaque tag of the form that would be sent, without quotes.
    ///   - lastModified: seconds since the epoch.
    package static func evaluate(
        _ head: borrowing RequestHead, _ octets: Span<UInt8>, tag: Span<UInt8>, lastModified: UInt64
    ) -> PreconditionResult {
        if head.value(of: .ifMatch) != nil {
            if !anyMatches(.ifMatch, head, octets, tag, isStrong: true) { return .preconditionFailed }
        } else if let range = head.value(of: .ifUnmodifiedSince),
            let date = HTTPDate.seconds(octets.extracting(range)), lastModified > date
        {
            return .preconditionFailed
        }
        if head.value(of: .ifNoneMatch) != nil {
            // Weak comparison: caches weaken tags when they compress (RFC 9110 section 8.8.3.2).
            return anyMatches(.ifNoneMatch, head, octets, tag, isStrong: false) ? .notModified : .proceed
        }
        if let range = head.value(of: .ifModifiedSince), let date = HTTPDate.seconds(octets.extracting(range)),
            lastModified <= date
        {
            return .notModified
        }
        return .proceed
    }

    /// Whether a range may be served under If-Range (RFC 9110 section 13.1.5): no condition, the very tag, or the very
    /// date.
    package static func allowsRange(
        _ head: borrowing RequestHead, _ octets: Span<UInt8>, tag: Span<UInt8>, lastModified: UInt64
    ) -> Bool {
        guard let range = head.value(of: .ifRange) else { return true }
        let value = octets.extracting(range)
        if value.isEmpty { return false }
        if value[0] == UInt8(ascii: "\"") || value[0] == UInt8(ascii: "W") && value.hasPrefix("W/") {
            return matches(value, tag, isStrong: true)
        }
        return HTTPDate.seconds(value) == lastModified
    }

    private static func anyMatches(
        _ name: FieldName, _ head: borrowing RequestHead, _ octets: Span<UInt8>, _ tag: Span<UInt8>, isStrong: Bool
    ) -> Bool {
        var isMatch = false
        head.forEachValue(of: name) { value in
            // A comma can't stand in our tags, so splitting at every comma can't join or tear a match.
            FieldList.forEach(in: octets.extracting(value)) { member in
                if member.isEqual(to: "*") || matches(member, tag, isStrong: isStrong) { isMatch = true }
            }
        }
        return isMatch
    }

    /// Whether a listed tag, quotes and all, names `tag`.
    private static func matches(_ listed: Span<UInt8>, _ tag: Span<UInt8>, isStrong: Bool) -> Bool {
        let isWeak = listed.hasPrefix("W/")
        if isWeak && isStrong { return false }
        let quoted = listed.extracting((isWeak ? 2 : 0)..<listed.count)
        return quoted.count == tag.count + 2 && quoted[0] == UInt8(ascii: "\"")
            && quoted[quoted.count - 1] == UInt8(ascii: "\"")
            && quoted.extracting(1..<quoted.count - 1).isEqual(to: tag)
    }
}
