package import Bytes

/// SHA-256 (FIPS 180-4) over octets that come in pieces. The target that owns the crypto library conforms its
/// own to it.
package protocol ContentDigest: ~Copyable {
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
