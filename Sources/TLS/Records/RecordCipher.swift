import Bytes
import COpenSSL

/// Encrypts or decrypts one direction's records of TLS 1.3 (RFC 8446 section 5.2), with one key.
@safe
struct RecordCipher: ~Copyable {
    enum Purpose {
        case sealing
        case opening
    }

    /// A record's header, in front of what is encrypted.
    static let headerByteCount = 5
    /// Behind the content, and encrypted with it, stands the record's true type.
    static let typeByteCount = 1
    /// All suites' AEADs have a tag of this size, and a nonce of 12 octets.
    static let tagByteCount = 16
    /// What a record without padding adds to its content.
    static let overheadByteCount = headerByteCount + typeByteCount + tagByteCount
    private static let nonceByteCount = 12

    private let context: Owned
    /// What each record's number is laid over, for its nonce (RFC 8446 section 5.3).
    private let nonceBase: InlineArray<12, UInt8>
    /// Of the next record.
    private(set) var recordNumber: UInt64

    /// Takes the key that comes from a secret.
    init(
        _ suite: CipherSuite, _ secret: borrowing TrafficSecret, for purpose: Purpose,
        recordNumber: UInt64 = 0
    ) {
        self = secret.withKey(suite) { key, nonceBase in
            RecordCipher(suite, key: key, nonceBase: nonceBase, for: purpose, recordNumber: recordNumber)
        }
    }

    /// - Parameters:
    ///   - key: as long as the suite's.
    ///   - nonceBase: 12 octets.
    ///   - recordNumber: of the first record.
    init(
        _ suite: CipherSuite, key: Span<UInt8>, nonceBase octets: Span<UInt8>, for purpose: Purpose,
        recordNumber: UInt64
    ) {
        precondition(key.count == suite.keyByteCount && octets.count == Self.nonceByteCount)
        self.recordNumber = recordNumber
        var nonceBase = InlineArray<12, UInt8>(repeating: 0)
        for index in octets.indices { nonceBase[index] = octets[index] }
        self.nonceBase = nonceBase
        // SAFETY: the context is new, and owned here; OpenSSL copies the key.
        let context = unsafe Owned(EVP_CIPHER_CTX_new(), freedBy: EVP_CIPHER_CTX_free)
        let isSet = unsafe key.withUnsafeBufferPointer { key in
            unsafe EVP_CipherInit_ex2(
                context.pointer, suite.cipher, key.baseAddress, nil, purpose == .sealing ? 1 : 0, nil) == 1
        }
        precondition(isSet, "EVP_CipherInit_ex2 fails only where there is no memory")
        self.context = context
    }

    /// Appends a record.
    ///
    /// - Parameters:
    ///   - content: up to 16,384 octets.
    ///   - type: a `ContentType`'s number.
    /// - Returns: false where OpenSSL failed, for want of memory; nothing was appended then.
    mutating func seal(_ content: Span<UInt8>, as type: UInt8, into output: inout Buffer) -> Bool {
        let sealedByteCount = content.count + Self.typeByteCount + Self.tagByteCount
        let recordByteCount = Self.headerByteCount + sealedByteCount
        var nonce = nextNonce()
        return output.withFree(minimum: recordByteCount) { free in
            // SAFETY: there is room for the record, and all of it is written where the calls succeed.
            unsafe free.withUnsafeMutableBufferPointer { memory, initialized in
                let header = memory.baseAddress!
                unsafe header[0] = ContentType.applicationData.rawValue
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

    /// Decrypts a record, and appends its content, type and padding.
    ///
    /// - Parameter record: whole, with its header; at least a type and a tag behind that.
    /// - Returns: false, with nothing appended, where the tag is another: the peer did not send the record,
    ///   or not in this place.
    mutating func open(_ record: Span<UInt8>, into output: inout Buffer) -> Bool {
        let innerByteCount = record.count - Self.headerByteCount - Self.tagByteCount
        precondition(innerByteCount >= Self.typeByteCount, "a record without a type")
        var nonce = nextNonce()
        return output.withFree(minimum: innerByteCount) { free in
            // SAFETY: there is room for all that is encrypted but the tag, and all of it is written where the
            // calls succeed. Where the tag is another it is not counted in.
            unsafe free.withUnsafeMutableBufferPointer { memory, initialized in
                let isOpened = unsafe record.withUnsafeBufferPointer { record in
                    unsafe withUnsafeBytes(of: &nonce) { nonce in
                        unsafe decrypt(
                            record.baseAddress!, innerByteCount, nonce: nonce.bindMemory(to: UInt8.self),
                            to: memory.baseAddress!)
                    }
                }
                if isOpened { initialized = innerByteCount }
                return isOpened
            }
        }
    }

    /// The calls of EVP_EncryptInit(3), "AEAD interface": these ciphers give as many octets as they take.
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

    private func decrypt(
        _ record: UnsafePointer<UInt8>, _ innerByteCount: Int, nonce: UnsafeBufferPointer<UInt8>,
        to target: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        let cipher = unsafe context.pointer
        let sealed = unsafe record + Self.headerByteCount
        // The control takes what it only reads as something that it may change.
        let tag = unsafe UnsafeMutablePointer(mutating: sealed + innerByteCount)
        var count: Int32 = 0
        // SAFETY: the caller made room at `target` for `innerByteCount` octets; the record has so many, and
        // the tag behind them.
        return unsafe EVP_DecryptInit_ex2(cipher, nil, nil, nonce.baseAddress, nil) == 1
            && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagByteCount), tag) == 1
            && EVP_DecryptUpdate(cipher, nil, &count, record, Int32(Self.headerByteCount)) == 1
            && EVP_DecryptUpdate(cipher, target, &count, sealed, Int32(innerByteCount)) == 1
            && EVP_DecryptFinal_ex(cipher, target + innerByteCount, &count) == 1
    }

    /// A nonce that never comes again: two records with one would give their contents away.
    private mutating func nextNonce() -> InlineArray<12, UInt8> {
        precondition(recordNumber < .max, "a record's number is used once (RFC 8446 section 5.3)")
        var nonce = nonceBase
        for index in 0..<8 { nonce[4 + index] ^= UInt8(truncatingIfNeeded: recordNumber >> (56 - 8 * index)) }
        recordNumber += 1
        return nonce
    }
}
