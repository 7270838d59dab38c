import Bytes
import TLS

/// The secrets that are valid at the moment: an immutable value that all event loops share.
package struct SecretSet: Sendable {
    /// What a presented secret may do.
    package enum Access: Sendable, Equatable {
        /// It is not valid, or not valid any more.
        case unknown
        /// It is valid, but not for this channel.
        case otherChannels
        case allowed
    }

    /// In the order of their file.
    package let entries: [SecretEntry]
    /// The entries' digests in one piece, so that comparing touches nothing else of them.
    private let digests: [UInt8]

    /// - Parameter entries: at most `SecretFile.entryCountMax`; each is compared with every secret presented.
    package init(_ entries: [SecretEntry]) {
        self.entries = entries
        digests = entries.flatMap(\.digest)
    }

    /// What `secret` may do on the channel called `channel`.
    ///
    /// It is compared with every entry by digest in constant time, so the time taken says nothing about how
    /// near a guess came. Entries that share a secret add up.
    package func access(with secret: Span<UInt8>, to channel: Span<UInt8>, nowMilliseconds: UInt64) -> Access
    {
        let digest = SHA256.digest(of: secret)
        var access = Access.unknown
        for index in entries.indices {
            let start = index * SHA256.byteCount
            let known = digests.span.extracting(start..<start + SHA256.byteCount)
            if !ConstantTime.equal(digest.span, known) || access == .allowed { continue }
            let entry = entries[index]
            if entry.expiry?.isOver(nowMilliseconds: nowMilliseconds) == true { continue }
            access = entry.patterns.contains { $0.matches(channel) } ? .allowed : .otherChannels
        }
        return access
    }
}

extension SecretEntry {
    /// The entry for a secret that is known itself: one from the environment, or one just made.
    package init(
        name: String, secret: Span<UInt8>, patterns: [ChannelPattern] = [.all], expiry: SecretExpiry? = nil
    ) {
        self.init(name: name, digest: SHA256.digest(of: secret), patterns: patterns, expiry: expiry)
    }
}

/// New secrets.
package enum SecretGenerator {
    /// 256 random bits as 43 characters of base64url (RFC 4648 section 5): they need no quoting in a shell or
    /// a URL, and can't be mistaken for a digest in hexadecimal.
    package static func secret() -> String {
        let text = Base64.text(Random.octets(32).span)
        let characters = text.utf8.compactMap { octet -> UInt8? in
            switch octet {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            case UInt8(ascii: "="): nil
            default: octet
            }
        }
        return String(decoding: characters, as: UTF8.self)
    }
}
