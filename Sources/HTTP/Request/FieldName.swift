import Bytes

/// The header fields that this server acts on. A field with another name is checked and then ignored.
package enum FieldName: UInt8, Sendable, CaseIterable {
    case accept, acceptEncoding, accessControlRequestHeaders, accessControlRequestMethod, authorization,
        connection
    case contentEncoding, contentLength, contentType, expect, host, idempotencyKey, ifMatch, ifModifiedSince
    case ifNoneMatch, ifRange, ifUnmodifiedSince, lastEventID, origin, prefer, range, transferEncoding

    /// Recognises a name in any case: by its length first, so that most need one comparison at the most.
    init?(_ name: Span<UInt8>) {
        switch name.count {
        case 4 where name.isEqual(toLowercased: "host"): self = .host
        case 5 where name.isEqual(toLowercased: "range"): self = .range
        case 6 where name.isEqual(toLowercased: "accept"): self = .accept
        case 6 where name.isEqual(toLowercased: "expect"): self = .expect
        case 6 where name.isEqual(toLowercased: "origin"): self = .origin
        case 6 where name.isEqual(toLowercased: "prefer"): self = .prefer
        case 8 where name.isEqual(toLowercased: "if-match"): self = .ifMatch
        case 8 where name.isEqual(toLowercased: "if-range"): self = .ifRange
        case 10 where name.isEqual(toLowercased: "connection"): self = .connection
        case 12 where name.isEqual(toLowercased: "content-type"): self = .contentType
        case 13 where name.isEqual(toLowercased: "authorization"): self = .authorization
        case 13 where name.isEqual(toLowercased: "if-none-match"): self = .ifNoneMatch
        case 13 where name.isEqual(toLowercased: "last-event-id"): self = .lastEventID
        case 14 where name.isEqual(toLowercased: "content-length"): self = .contentLength
        case 15 where name.isEqual(toLowercased: "accept-encoding"): self = .acceptEncoding
        case 15 where name.isEqual(toLowercased: "idempotency-key"): self = .idempotencyKey
        case 16 where name.isEqual(toLowercased: "content-encoding"): self = .contentEncoding
        case 17 where name.isEqual(toLowercased: "if-modified-since"): self = .ifModifiedSince
        case 17 where name.isEqual(toLowercased: "transfer-encoding"): self = .transferEncoding
        case 19 where name.isEqual(toLowercased: "if-unmodified-since"): self = .ifUnmodifiedSince
        case 29 where name.isEqual(toLowercased: "access-control-request-method"):
            self = .accessControlRequestMethod
        case 30 where name.isEqual(toLowercased: "access-control-request-headers"):
            self = .accessControlRequestHeaders
        default: return nil
        }
    }
}
