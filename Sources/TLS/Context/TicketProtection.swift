import Bytes
import COpenSSL

/// Protects session tickets with the shared keys (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)).
enum TicketProtection {
    // The callback's results, as its manual page gives them.
    private static let failed: Int32 = -1
    private static let unknown: Int32 = 0
    private static let accepted: Int32 = 1
    private static let acceptedToBeRenewed: Int32 = 2

    // SAFETY: fetched once and never freed or changed.
    nonisolated(unsafe) private static let cipher: OpaquePointer = {
        guard let cipher = unsafe EVP_CIPHER_fetch(nil, "AES-256-CBC", nil) else {
            fatalError("OpenSSL lacks AES-256-CBC")
        }
        return unsafe cipher
    }()

    static func install(in context: OpaquePointer) {
        unsafe SSL_CTX_set_tlsext_ticket_key_evp_cb(context) { ssl, name, vector, cipher, mac, isMaking in
            let keys = unsafe TLSContext.of(ssl).ticketKeys
            return unsafe isMaking == 1
                ? TicketProtection.make(keys, name!, vector!, cipher, mac)
                : TicketProtection.open(keys, ssl, name!, vector!, cipher, mac)
        }
    }

    /// Prepares both contexts to make a ticket, and writes the key's name and a fresh initialisation vector.
    private static func make(
        _ keys: TicketKeys, _ name: UnsafeMutablePointer<UInt8>, _ vector: UnsafeMutablePointer<UInt8>,
        _ cipherContext: OpaquePointer?, _ macContext: OpaquePointer?
    ) -> Int32 {
        let key = keys.newest
        // SAFETY: there is room for a name of 16 octets and a vector of EVP_MAX_IV_LENGTH, 16; AES takes 16.
        for index in 0..<TicketKey.nameByteCount { unsafe name[index] = key.name[index] }
        guard unsafe RAND_bytes(vector, EVP_CIPHER_get_iv_length(cipher)) == 1,
            unsafe EVP_EncryptInit_ex2(cipherContext, cipher, key.cipherKey, vector, nil) == 1,
            unsafe setKey(key, of: macContext)
        else { return failed }
        return accepted
    }

    /// Prepares both contexts to open the ticket that names its key.
    private static func open(
        _ keys: TicketKeys, _ ssl: OpaquePointer?, _ name: UnsafeMutablePointer<UInt8>,
        _ vector: UnsafeMutablePointer<UInt8>, _ cipherContext: OpaquePointer?, _ macContext: OpaquePointer?
    ) -> Int32 {
        // SAFETY: the ticket's first 16 octets, and the vector of 16 behind them.
        let named = unsafe Span(_unsafeStart: UnsafePointer(name), count: TicketKey.nameByteCount)
        guard let (key, isNewest) = keys.key(named: named) else { return unknown }
        guard unsafe EVP_DecryptInit_ex2(cipherContext, cipher, key.cipherKey, vector, nil) == 1,
            unsafe setKey(key, of: macContext)
        else { return failed }
        // In TLS 1.3 a ticket is for one connection, so that observers can't link two (RFC 8446 appendix
        // C.4).
        return unsafe isNewest && SSL_version(ssl) == TLS1_2_VERSION ? accepted : acceptedToBeRenewed
    }

    private static func setKey(_ key: TicketKey, of macContext: OpaquePointer?) -> Bool {
        // SAFETY: the parameters point at the key and at the text, which outlive the call; it copies them.
        var digest = "SHA256".utf8CString
        return unsafe digest.withUnsafeMutableBufferPointer { digest in
            let parameters = unsafe [
                OSSL_PARAM_construct_octet_string(
                    shim_OSSL_MAC_PARAM_KEY, key.macKey, TicketKey.macKeyByteCount),
                OSSL_PARAM_construct_utf8_string(shim_OSSL_MAC_PARAM_DIGEST, digest.baseAddress, 0),
                OSSL_PARAM_construct_end(),
            ]
            return unsafe EVP_MAC_CTX_set_params(macContext, parameters) == 1
        }
    }
}
