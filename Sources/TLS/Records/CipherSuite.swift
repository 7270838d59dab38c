import COpenSSL

/// What a suite of TLS 1.3 stands for: an AEAD and a hash (RFC 8446 appendix B.4).
@safe
struct CipherSuite {
    // SAFETY: fetched once and never freed or changed.
    nonisolated(unsafe) private static let ciphers = unsafe (
        aes128: EVP_CIPHER_fetch(nil, "AES-128-GCM", nil), aes256: EVP_CIPHER_fetch(nil, "AES-256-GCM", nil),
        chaCha20: EVP_CIPHER_fetch(nil, "ChaCha20-Poly1305", nil)
    )
    // SAFETY: made once, and only copied afterwards.
    nonisolated(unsafe) private static let macs = unsafe (
        sha256: makeMAC("SHA256"), sha384: makeMAC("SHA384")
    )

    // SAFETY: both are of the above, which stay for as long as the process does.
    let cipher: OpaquePointer
    private let mac: OpaquePointer
    let keyByteCount: Int
    let hashByteCount: Int
    /// AES-GCM, and not ChaCha20-Poly1305.
    let isAES: Bool

    /// - Parameter number: the suite's, in the IANA registry.
    /// - Returns: nil for a suite that `TLSPolicy` doesn't name.
    init?(number: UInt16) {
        let cipher: OpaquePointer?
        switch number {
        case 0x1301:
            unsafe (cipher, mac, keyByteCount, hashByteCount) = (
                Self.ciphers.aes128, Self.macs.sha256, 16, 32
            )
        case 0x1302:
            unsafe (cipher, mac, keyByteCount, hashByteCount) = (
                Self.ciphers.aes256, Self.macs.sha384, 32, 48
            )
        case 0x1303:
            unsafe (cipher, mac, keyByteCount, hashByteCount) = (
                Self.ciphers.chaCha20, Self.macs.sha256, 32, 32
            )
        default: return nil
        }
        isAES = number != 0x1303
        guard let cipher = unsafe cipher else { return nil }
        unsafe self.cipher = cipher
    }

    /// HMAC by the suite's hash, which has been looked up already: HMAC(3) would do that at each call.
    ///
    /// - Parameter target: `hashByteCount` octets of memory.
    func authenticate(
        _ message: UnsafeBufferPointer<UInt8>, key: UnsafeBufferPointer<UInt8>,
        into target: UnsafeMutablePointer<UInt8>
    ) {
        // SAFETY: the copy is owned here; the key and the message are read, and the target is written, within
        // the calls.
        let context = unsafe Owned(EVP_MAC_CTX_dup(mac), freedBy: EVP_MAC_CTX_free)
        var count = 0
        let isMade =
            unsafe EVP_MAC_init(context.pointer, key.baseAddress, key.count, nil) == 1
            && EVP_MAC_update(context.pointer, message.baseAddress, message.count) == 1
            && EVP_MAC_final(context.pointer, target, &count, hashByteCount) == 1
        precondition(isMade && count == hashByteCount, "EVP_MAC fails only where there is no memory")
    }

    private static func makeMAC(_ digest: String) -> OpaquePointer {
        // SAFETY: the parameters point at the text, which outlives the call; the context copies it and refers
        // to the algorithm.
        let algorithm = unsafe Owned(EVP_MAC_fetch(nil, "HMAC", nil), freedBy: EVP_MAC_free)
        guard let context = unsafe EVP_MAC_CTX_new(algorithm.pointer) else {
            fatalError("OpenSSL found no memory")
        }
        var digest = digest.utf8CString
        let isSet = unsafe digest.withUnsafeMutableBufferPointer { digest in
            let parameters = unsafe [
                OSSL_PARAM_construct_utf8_string(shim_OSSL_MAC_PARAM_DIGEST, digest.baseAddress, 0),
                OSSL_PARAM_construct_end(),
            ]
            return unsafe EVP_MAC_CTX_set_params(context, parameters) == 1
        }
        precondition(isSet, "OpenSSL lacks a hash of TLS 1.3")
        return unsafe context
    }
}
