import Bytes
import FrameLog
import TLS

/// The value of an Idempotency-Key field (draft-ietf-httpapi-idempotency-key-header): any 1 to 255 visible
/// ASCII characters; quotes are characters like others.
struct IdempotencyKey: ~Escapable {
    private static let byteCountMax = 255

    private let text: Span<UInt8>

    /// Nil where the octets are no key.
    @_lifetime(copy text)
    init?(_ text: Span<UInt8>) {
        if text.isEmpty || text.count > Self.byteCountMax { return nil }
        for index in text.indices where !(0x21...0x7E ~= text[index]) { return nil }
        self.text = text
    }

    /// The key as the log knows it: another's, or another channel's, is another one.
    ///
    /// - Parameter owner: what the one who posts is known by, such as a secret.
    func scoped(to channelID: Span<UInt8>, owner: Span<UInt8>) -> UploadKey {
        let hash = SHA256()
        for part in 0..<3 {
            let octets = part == 0 ? owner : part == 1 ? channelID : text
            var byteCount: [UInt8] = []
            byteCount.append(bigEndian: UInt64(octets.count))
            hash.update(byteCount.span)
            hash.update(octets)
        }
        let ownersDigest = SHA256.digest(of: owner)
        return UploadKey(
            digest: hash.finish().span, owner: ownersDigest.span.bigEndian(at: 0, as: UInt32.self))
    }
}
