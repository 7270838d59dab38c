package import Bytes

/// SHA-256 (FIPS 180-4) over octets that come in pieces. The target that owns the crypto library conforms its
/// own to it.
package protocol ContentDigest: ~Copyable, SendableMetatype {
    init()
    mutating func update(_ octets: Span<UInt8>)
    /// The 32 octets. Nothing follows.
    mutating func finish() -> [UInt8]
}

/// A compression of octets that come in pieces, such as gzip (RFC 1952), with the same result for the same
/// octets.
package protocol ContentCoding: ~Copyable {
    init() throws
    mutating func update(_ octets: Span<UInt8>, into coded: inout Buffer)
    /// Ends the coded form. Nothing follows.
    mutating func finish(into coded: inout Buffer)
}

/// The way back from a `ContentCoding`, piece by piece.
package protocol ContentDecoding: ~Copyable {
    /// - Parameter byteCountMax: more than so many octets of content are refused as damage.
    init(byteCountMax: UInt64) throws

    /// Decodes `coded` and appends some of its content, at most a few hundred KiB. Returns how many octets of
    /// it were used up and whether more content waits: then it is to be called again with the rest, which may
    /// be empty. Nil where it is damaged.
    mutating func update(
        _ coded: Span<UInt8>, into content: inout Buffer
    ) -> (consumed: Int, hasMore: Bool)?

    /// Whether the coded form may end here.
    var isWhole: Bool { get }
}
