/// A set of field names.
struct FieldNames {
    private var bits: UInt32 = 0

    /// Those that mean one value, and so must not come twice (RFC 9110 section 5.3): the first and the last
    /// reader of two would take different ones.
    static let singletons: FieldNames = {
        var names = FieldNames()
        for name in FieldName.allCases {
            switch name {
            case .accessControlRequestMethod, .authorization, .contentLength, .contentType, .host,
                .idempotencyKey, .ifModifiedSince, .ifRange, .ifUnmodifiedSince, .lastEventID, .origin,
                .range:
                names.insert(name)
            case .accept, .acceptEncoding, .accessControlRequestHeaders, .connection, .contentEncoding,
                .expect, .ifMatch, .ifNoneMatch, .prefer, .transferEncoding:
                break
            }
        }
        return names
    }()

    @inline(__always)
    func contains(_ name: FieldName) -> Bool { bits & Self.bit(name) != 0 }

    @inline(__always)
    mutating func insert(_ name: FieldName) { bits |= Self.bit(name) }

    func isDisjoint(with other: FieldNames) -> Bool { bits & other.bits == 0 }

    private static func bit(_ name: FieldName) -> UInt32 { 1 << UInt32(name.rawValue) }
}
