import Bytes
import COpenSSL

/// The secret that one direction's keys come from (RFC 8446 section 7.1). Its memory is wiped.
@safe
struct TrafficSecret: ~Copyable {
    /// The length of SHA-384, the longest hash of a suite.
    static let byteCountMax = 48

    // SAFETY: in the whole type `memory` is this value's own, initialised to its end.
    private let memory: UnsafeMutableBufferPointer<UInt8>

    /// Octets, half as many as the digits.
    ///
    /// - Returns: nil for what is not hexadecimal, or too long.
    init?(hexadecimal digits: Span<UInt8>) {
        let count = digits.count / 2
        guard digits.count % 2 == 0, 1...Self.byteCountMax ~= count else { return nil }
        let octets = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: count)
        for index in 0..<count {
            guard let high = Hex.value(digits[2 * index]), let low = Hex.value(digits[2 * index + 1])
            else {
                unsafe octets.deallocate()
                return nil
            }
            unsafe octets.initializeElement(at: index, to: high << 4 | low)
        }
        unsafe memory = octets
    }

    private init(taking octets: UnsafeMutableBufferPointer<UInt8>) {
        unsafe memory = octets
    }

    deinit {
        unsafe OPENSSL_cleanse(memory.baseAddress, memory.count)
        unsafe memory.deallocate()
    }

    var byteCount: Int { unsafe memory.count }

    /// HKDF-Expand-Label without a context: up to as many octets as the hash has, which is one block of
    /// HKDF-Expand (RFC 8446 section 7.1, RFC 5869 section 2.3).
    ///
    /// - Parameter label: without the prefix that all have; up to 11 octets.
    func expand(_ label: StaticString, suite: CipherSuite, into target: UnsafeMutableBufferPointer<UInt8>) {
        precondition(target.count <= suite.hashByteCount && byteCount == suite.hashByteCount)
        var info = InlineArray<32, UInt8>(repeating: 0)
        var count = 0
        func append(_ octet: UInt8) {
            info[count] = octet
            count += 1
        }
        // The length of what is wanted, the label behind its length, a context of none, the block's number.
        append(0)
        append(UInt8(target.count))
        let prefix: StaticString = "tls13 "
        append(UInt8(prefix.utf8CodeUnitCount + label.utf8CodeUnitCount))
        for text in [prefix, label] {
            // SAFETY: a literal's octets, which are never freed.
            unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount).forEach(append)
        }
        append(0)
        append(1)
        var block = InlineArray<48, UInt8>(repeating: 0)
        var span = block.mutableSpan
        // SAFETY: there is room for as many octets as the hash has.
        unsafe span.withUnsafeMutableBufferPointer { block in
            unsafe info.span.withUnsafeBufferPointer { info in
                unsafe suite.authenticate(
                    UnsafeBufferPointer(rebasing: info[..<count]), key: UnsafeBufferPointer(memory),
                    into: block.baseAddress!)
            }
            _ = unsafe target.update(from: block[..<target.count])
            unsafe OPENSSL_cleanse(block.baseAddress, block.count)
        }
    }

    /// Lends the key, which is wiped behind that, and what each record's number is laid over for its nonce
    /// (RFC 8446 sections 5.3 and 7.3).
    func withKey<Result: ~Copyable>(
        _ suite: CipherSuite, _ body: (_ key: Span<UInt8>, _ nonceBase: Span<UInt8>) -> Result
    ) -> Result {
        var key = InlineArray<32, UInt8>(repeating: 0)
        var nonceBase = InlineArray<12, UInt8>(repeating: 0)
        var keySpan = key.mutableSpan
        // SAFETY: the key has room for any suite's; both are written within the calls.
        unsafe keySpan.withUnsafeMutableBufferPointer { octets in
            let octets = unsafe UnsafeMutableBufferPointer(rebasing: octets[..<suite.keyByteCount])
            unsafe expand("key", suite: suite, into: octets)
        }
        var nonceSpan = nonceBase.mutableSpan
        unsafe nonceSpan.withUnsafeMutableBufferPointer { unsafe expand("iv", suite: suite, into: $0) }
        let result = body(key.span.extracting(0..<suite.keyByteCount), nonceBase.span)
        var used = key.mutableSpan
        unsafe used.withUnsafeMutableBufferPointer { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
        return result
    }

    /// The secret after a key update (RFC 8446 section 7.2).
    func next(suite: CipherSuite) -> TrafficSecret {
        let octets = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: byteCount)
        // SAFETY: all of it is written before it is read.
        unsafe octets.initialize(repeating: 0)
        unsafe expand("traffic upd", suite: suite, into: octets)
        return unsafe TrafficSecret(taking: octets)
    }
}
