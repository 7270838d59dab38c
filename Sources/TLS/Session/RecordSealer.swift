import Bytes
import COpenSSL

/// Encrypts what a session of TLS 1.3 sends (RFC 8446 section 5.2), from the caller's memory into the
/// caller's buffer.
///
/// Once its keys are those of application data, OpenSSL hands them to a BIO that offers to encrypt in its
/// stead: meant for kernels that do TLS (SSL_OP_ENABLE_KTLS in SSL_CTX_set_options(3)). SSL_write copies what
/// it is given twice. The alerts and handshake messages that OpenSSL still writes come this way too, so there
/// is one sequence of records.
@safe
final class RecordSealer {
    /// The types of records (RFC 8446 section 5.1).
    static let handshakeType: UInt8 = 22
    static let applicationDataType: UInt8 = 23

    private static let headerByteCount = 5
    /// Behind the content, and encrypted with it, stands the record's true type.
    private static let typeByteCount = 1
    private static let tagByteCount = 16
    private static let overheadByteCount = headerByteCount + typeByteCount + tagByteCount

    // SAFETY: fetched once and never freed or changed.
    nonisolated(unsafe) private static let ciphers = unsafe (
        aes128: EVP_CIPHER_fetch(nil, "AES-128-GCM", nil), aes256: EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)
    )

    private let context: Owned
    /// What each record's number is laid over, for its nonce (RFC 8446 section 5.3).
    private let nonceBase: InlineArray<12, UInt8>
    private var recordNumber: UInt64

    /// Takes keys over. They stand in a structure of `linux/tls.h`:
    ///
    /// | at | size | |
    /// | --- | --- | --- |
    /// | 0 | 2 | version |
    /// | 2 | 2 | cipher, which says the size K of its key |
    /// | 4 | 8 | the nonce's last 8 octets |
    /// | 12 | K | key |
    /// | 12+K | 4 | the nonce's first 4 octets |
    /// | 16+K | 8 | the next record's number |
    ///
    /// - Returns: nil for a version or a cipher that this doesn't know, which OpenSSL then encrypts itself.
    init?(keys: UnsafeRawPointer) {
        // SAFETY: the structure has the parts of the table; numbers are in the machine's order.
        let version = unsafe keys.load(as: UInt16.self)
        let cipher: OpaquePointer?
        let keyByteCount: Int
        switch unsafe Int32(keys.load(fromByteOffset: 2, as: UInt16.self)) {
        case TLS_CIPHER_AES_GCM_128: unsafe (cipher, keyByteCount) = (Self.ciphers.aes128, 16)
        case TLS_CIPHER_AES_GCM_256: unsafe (cipher, keyByteCount) = (Self.ciphers.aes256, 32)
        default: return nil
        }
        guard Int32(version) == TLS1_3_VERSION, let cipher = unsafe cipher else { return nil }
        let octets = unsafe UnsafeRawBufferPointer(start: keys, count: 24 + keyByteCount)
        var nonce = InlineArray<12, UInt8>(repeating: 0)
        for index in 0..<4 { nonce[index] = unsafe octets[12 + keyByteCount + index] }
        for index in 0..<8 { nonce[4 + index] = unsafe octets[4 + index] }
        nonceBase = nonce
        recordNumber = unsafe octets[(16 + keyByteCount)...].reduce(0) { $0 << 8 | UInt64($1) }
        context = unsafe Owned(EVP_CIPHER_CTX_new(), freedBy: EVP_CIPHER_CTX_free)
        // From where it stands, so that no copy of the key is left behind.
        let key = unsafe (keys + 12).assumingMemoryBound(to: UInt8.self)
        if unsafe EVP_EncryptInit_ex2(context.pointer, cipher, key, nil, nil) != 1 { return nil }
    }

    /// Appends content, of which there must be some, as records: full ones, then the rest.
    ///
    /// - Returns: false where OpenSSL failed, for want of memory; the session is then dead.
    func seal(_ content: Span<UInt8>, as type: UInt8, into output: inout Buffer) -> Bool {
        precondition(!content.isEmpty, "a record without content says nothing")
        let recordCount = (content.count + TLSSession.recordByteCountMax - 1) / TLSSession.recordByteCountMax
        output.reserve(content.count + recordCount * Self.overheadByteCount)
        var start = 0
        while start < content.count {
            let end = min(content.count, start + TLSSession.recordByteCountMax)
            if !sealRecord(content.extracting(start..<end), type, &output) { return false }
            start = end
        }
        return true
    }

    private func sealRecord(_ content: Span<UInt8>, _ type: UInt8, _ output: inout Buffer) -> Bool {
        let sealedByteCount = content.count + Self.typeByteCount + Self.tagByteCount
        let recordByteCount = Self.headerByteCount + sealedByteCount
        var nonce = nextNonce()
        return output.withFree(minimum: recordByteCount) { free in
            // SAFETY: there is room for the record, and all of it is written where the calls succeed.
            unsafe free.withUnsafeMutableBufferPointer { memory, initialized in
                let header = memory.baseAddress!
                unsafe header[0] = Self.applicationDataType
                unsafe header[1] = 3
                unsafe header[2] = 3
                unsafe header[3] = UInt8(sealedByteCount >> 8)
                unsafe header[4] = UInt8(sealedByteCount & 255)
                let isSealed = unsafe content.withUnsafeBufferPointer { content in
                    unsafe withUnsafeBytes(of: &nonce) { nonce in
                        unsafe encrypt(
                            content, type, nonce: nonce.bindMemory(to: UInt8.self), header: header,
                            to: header + Self.headerByteCount)
                    }
                }
                if isSealed { initialized = recordByteCount }
                return isSealed
            }
        }
    }

    /// The calls of EVP_EncryptInit(3), "AEAD interface": GCM gives as many octets as it takes.
    private func encrypt(
        _ content: UnsafeBufferPointer<UInt8>, _ type: UInt8, nonce: UnsafeBufferPointer<UInt8>,
        header: UnsafeMutablePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        let cipher = unsafe context.pointer
        let tag = unsafe target + content.count + Self.typeByteCount
        var type = type
        var count: Int32 = 0
        // SAFETY: the caller made room at `target` for the content, its type and the tag.
        return unsafe EVP_EncryptInit_ex2(cipher, nil, nil, nonce.baseAddress, nil) == 1
            && EVP_EncryptUpdate(cipher, nil, &count, header, Int32(Self.headerByteCount)) == 1
            && EVP_EncryptUpdate(cipher, target, &count, content.baseAddress, Int32(content.count)) == 1
            && EVP_EncryptUpdate(cipher, target + content.count, &count, &type, 1) == 1
            && EVP_EncryptFinal_ex(cipher, tag, &count) == 1
            && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagByteCount), tag) == 1
    }

    /// A nonce that never comes again: two records with one would give their contents away.
    private func nextNonce() -> InlineArray<12, UInt8> {
        precondition(recordNumber < .max, "a record's number is used once (RFC 8446 section 5.3)")
        var nonce = nonceBase
        for index in 0..<8 { nonce[4 + index] ^= UInt8(truncatingIfNeeded: recordNumber >> (56 - 8 * index)) }
        recordNumber += 1
        return nonce
    }
}
