import Bytes

/// What a conditional request comes to (RFC 9110 section 13).
package enum PreconditionResult: Sendable, Equatable {
    case proceed
    /// 304: what the client has is what it would get.
    case notModified
    /// 412
    case preconditionFailed
}

/// Evaluates a request's conditions in the order of RFC 9110 section 13.2.2.
package enum Preconditions {
    /// - Parameters:
    ///   - tag: the opaque tag of the form that would be sent, without quotes.
    ///   - lastModified: seconds since the epoch.
    package static func evaluate(
        _ head: borrowing RequestHead, _ octets: Span<UInt8>, tag: Span<UInt8>, lastModified: UInt64
    ) -> PreconditionResult {
        let isRead = head.method == .get || head.method == .head
        if head.value(of: .ifMatch) != nil {
            if !anyMatches(.ifMatch, head, octets, tag, isStrong: true) { return .preconditionFailed }
        } else if let date = date(.ifUnmodifiedSince, head, octets), lastModified > date {
            return .preconditionFailed
        }
        if head.value(of: .ifNoneMatch) != nil {
            // Weak comparison: caches weaken tags when they compress (RFC 9110 section 8.8.3.2).
            if !anyMatches(.ifNoneMatch, head, octets, tag, isStrong: false) { return .proceed }
            return isRead ? .notModified : .preconditionFailed
        }
        if isRead, let date = date(.ifModifiedSince, head, octets), lastModified <= date {
            return .notModified
        }
        return .proceed
    }

    /// Whether a range may be served under If-Range (RFC 9110 section 13.1.5): no condition, the very tag, or
    /// the very date.
    package static func allowsRange(
        _ head: borrowing RequestHead, _ octets: Span<UInt8>, tag: Span<UInt8>, lastModified: UInt64
    ) -> Bool {
        guard let range = head.value(of: .ifRange) else { return true }
        let value = octets.extracting(range)
        if value.hasPrefix("\"") {
            return value.count == tag.count + 2 && value[value.count - 1] == UInt8(ascii: "\"")
                && value.extracting(1..<value.count - 1).isEqual(to: tag)
        }
        // What is left is a weak tag, which never allows a range, or a date.
        return HTTPDate.seconds(value) == lastModified
    }

    /// The date of a field, or nil where it is absent or no date, in which case it counts for nothing.
    private static func date(_ name: FieldName, _ head: borrowing RequestHead, _ octets: Span<UInt8>)
        -> UInt64?
    {
        guard let range = head.value(of: name) else { return nil }
        return HTTPDate.seconds(octets.extracting(range))
    }

    private static func anyMatches(
        _ name: FieldName, _ head: borrowing RequestHead, _ octets: Span<UInt8>, _ tag: Span<UInt8>,
        isStrong: Bool
    ) -> Bool {
        var isMatch = false
        head.forEachValue(of: name) { value in
            isMatch = isMatch || EntityTagList.names(tag, in: octets.extracting(value), isStrong: isStrong)
        }
        return isMatch
    }
}
