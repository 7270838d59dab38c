import Bytes
import COpenSSL

/// SHA-256 (FIPS 180-4) of octets that come in pieces. One context, used again for the next message. One
/// thread.
@safe
package final class SHA256 {
    /// Octets of a digest.
    package static let byteCount = 32

    // SAFETY: fetched once and never freed or changed; looking it up for each message costs more than a short
    // message.
    nonisolated(unsafe) private static let algorithm: OpaquePointer = {
        guard let algorithm = unsafe EVP_MD_fetch(nil, "SHA256", nil) else {
            fatalError("OpenSSL lacks SHA-256")
        }
        return unsafe algorithm
    }()

    private let context: Owned

    package init() {
        context = unsafe Owned(EVP_MD_CTX_new(), freedBy: EVP_MD_CTX_free)
        start()
    }

    private func start() {
        let result = unsafe EVP_DigestInit_ex(context.pointer, Self.algorithm, nil)
        precondition(result == 1, "EVP_DigestInit_ex fails only where there is no memory")
    }

    /// Takes in the message's next octets.
    package func update(_ octets: Span<UInt8>) {
        // SAFETY: the span's memory is read only within the call.
        let result = unsafe octets.withUnsafeBytes {
            unsafe EVP_DigestUpdate(context.pointer, $0.baseAddress, $0.count)
        }
        precondition(result == 1, "EVP_DigestUpdate fails only on a context that was not started")
    }

    /// The digest of all that was taken in, 32 octets; the next `update` begins another message.
    package func finish() -> [UInt8] {
        let digest = unsafe [UInt8](unsafeUninitializedCapacity: Self.byteCount) { memory, count in
            // SAFETY: SHA-256 writes 32 octets, for which there is room.
            let result = unsafe EVP_DigestFinal_ex(context.pointer, memory.baseAddress, nil)
            precondition(result == 1, "EVP_DigestFinal_ex fails only on a context that was not started")
            count = Self.byteCount
        }
        start()
        return digest
    }

    /// The digest of one message that is there as a whole, 32 octets.
    package static func digest(of octets: Span<UInt8>) -> [UInt8] { withDigest(of: octets) { $0.copied() } }

    /// Lends the digest of one message that is there as a whole, and takes no memory for it.
    package static func withDigest<Result>(
        of octets: Span<UInt8>, _ body: (Span<UInt8>) throws -> Result
    ) rethrows -> Result {
        var digest = InlineArray<32, UInt8>(repeating: 0)
        var span = digest.mutableSpan
        // SAFETY: the span's memory is read only within the call, which writes the 32 octets there is room
        // for.
        let result = unsafe span.withUnsafeMutableBufferPointer { memory in
            unsafe octets.withUnsafeBytes {
                unsafe EVP_Digest($0.baseAddress, $0.count, memory.baseAddress, nil, algorithm, nil)
            }
        }
        precondition(result == 1, "EVP_Digest fails only where there is no memory")
        return try body(digest.span)
    }
}
