import COpenSSL

/// Comparison of secrets.
package enum ConstantTime {
    /// Whether both hold the same octets, in a time that tells nothing of where they differ
    /// (CRYPTO_memcmp(3)).
    ///
    /// Of two different lengths it does tell: compare digests, which have one length, and not secrets
    /// themselves.
    package static func equal(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Bool {
        if one.count != other.count { return false }
        if one.isEmpty { return true }
        // SAFETY: both regions hold `one.count` octets and are read only within the call.
        return unsafe one.withUnsafeBytes { one in
            unsafe other.withUnsafeBytes { other in
                unsafe CRYPTO_memcmp(one.baseAddress, other.baseAddress, one.count) == 0
            }
        }
    }
}
