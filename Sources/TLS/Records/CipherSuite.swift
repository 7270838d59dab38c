import COpenSSL

/// What a suite of TLS 1.3 stands for: an AEAD and a hash (RFC 8446 appendix B.4).
@safe
struct CipherSuite {
    // SAFETY: fetched once and never freed or changed.
    nonisolated(unsafe) private static let ciphers = unsafe (
        aes128: EVP_CIPHER_fetch(nil, "AES-128-GCM", nil), aes256: EVP_CIPHER_fetch(nil, "AES-256-GCM", nil),
        chaCha20: EVP_CIPHER_fetch(nil, "ChaCha20-Poly1305", nil)
    )

    // SAFETY: both are OpenSSL's, and stay for as long as the process does.
    let cipher: OpaquePointer
    let hash: OpaquePointer
    let keyByteCount: Int
    let hashByteCount: Int

    /// - Parameter number: the suite's, in the IANA registry.
    /// - Returns: nil for a suite that `TLSPolicy` doesn't name.
    init?(number: UInt16) {
        let cipher: OpaquePointer?
        switch number {
        case 0x1301:
            unsafe (cipher, hash, keyByteCount, hashByteCount) = (Self.ciphers.aes128, EVP_sha256(), 16, 32)
        case 0x1302:
            unsafe (cipher, hash, keyByteCount, hashByteCount) = (Self.ciphers.aes256, EVP_sha384(), 32, 48)
        case 0x1303:
            unsafe (cipher, hash, keyByteCount, hashByteCount) = (Self.ciphers.chaCha20, EVP_sha256(), 32, 32)
        default: return nil
        }
        guard let cipher = unsafe cipher else { return nil }
        unsafe self.cipher = cipher
    }
}
