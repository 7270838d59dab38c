/// How much each address and each secret may have in a second, averaged over `windowSeconds`; nil sets no
/// limit.
package struct RateLimits: Sendable {
    /// What one IPv4 address or IPv6 /64 may ask for, of any kind. Viewers behind one address, or behind a
    /// cache that asks for all of them, share it.
    package var addressRequests: UInt64?
    /// Items, and their octets, from one address.
    package var addressItems: UInt64?
    package var addressOctets: UInt64?
    /// Uploads by one secret or one client certificate, and their items and octets.
    package var secretRequests: UInt64?
    package var secretItems: UInt64?
    package var secretOctets: UInt64?
    /// Secrets that are none, from one address. Who is past it is not even compared with those that are.
    package var addressGuesses: UInt64? = 10

    /// So much may come at once: what is allowed in this time.
    package static var windowSeconds: UInt64 { 10 }

    package init() {}
}
