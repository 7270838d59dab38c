import COpenSSL

/// A private key.
@safe
struct PrivateKey: ~Copyable {
    let evp: Owned

    /// Makes a key on the curve P-256.
    static func makeP256() -> PrivateKey {
        // SAFETY: a new key, owned by what is returned.
        PrivateKey(evp: unsafe Owned(shim_EVP_EC_gen("P-256"), freedBy: EVP_PKEY_free))
    }

    private init(evp: consuming Owned) {
        self.evp = evp
    }

    /// Reads the key in a PEM file, which must not be encrypted: nobody is there to type a passphrase.
    init(file path: String) throws(TLSError) {
        let file = try PEM.open(path, holding: "key")
        var isEncrypted = false
        // SAFETY: the callback is called only within PEM_read_bio_PrivateKey, with the address given.
        let key = unsafe withUnsafeMutablePointer(to: &isEncrypted) { isEncrypted in
            ErrorQueue.clear()
            return unsafe PEM_read_bio_PrivateKey(
                file.pointer, nil,
                { _, _, _, isEncrypted in
                    unsafe isEncrypted!.assumingMemoryBound(to: Bool.self).pointee = true
                    return -1
                }, isEncrypted)
        }
        guard let key = unsafe key else {
            if isEncrypted {
                throw TLSError(
                    path, "the key is encrypted",
                    advice: "decrypt it with: openssl pkey -in FILE -out NEWFILE")
            }
            throw TLSError(
                path, "holds no private key in PEM form (\(ErrorQueue.take()))",
                advice: "give one that begins with -----BEGIN PRIVATE KEY----- "
                    + "(openssl pkey -inform der converts)"
            )
        }
        evp = unsafe Owned(key, freedBy: EVP_PKEY_free)
    }

    /// Whether it is the key of `certificate`.
    func belongs(to certificate: Certificate) -> Bool {
        ErrorQueue.clear()
        let result = unsafe X509_check_private_key(certificate.x509.pointer, evp.pointer)
        ErrorQueue.clear()
        return result == 1
    }

    /// PKCS #8 in PEM form, not encrypted.
    var pem: [UInt8] {
        unsafe PEM.octets { unsafe PEM_write_bio_PKCS8PrivateKey($0, evp.pointer, nil, nil, 0, nil, nil) }
    }
}
