import Bytes
package import TLS

/// The secrets that are valid at the moment: an immutable value that all event loops share.
package struct SecretSet: Sendable {
    /// What a presented secret, or a certificate, may do.
    package enum Access: Sendable, Equatable {
        /// It is not valid, or not valid any more.
        case unknown
        /// It is valid, but not for this channel.
        case otherChannels
        case allowed
    }

    /// In the order of their file.
    package let entries: [SecretEntry]
    /// The digests of those that have a secret in one piece, so that comparing touches nothing else of them.
    private let digests: [UInt8]
    /// The positions of their entries.
    private let digestPositions: [Int]
    /// The positions of the entries for each subject of a certificate.
    private let positionsBySubject: [[UInt8]: [Int]]

    /// - Parameter entries: at most `SecretFile.entryCountMax`; each is compared with every secret presented.
    package init(_ entries: [SecretEntry]) {
        self.entries = entries
        var digests: [UInt8] = []
        var digestPositions: [Int] = []
        var positionsBySubject: [[UInt8]: [Int]] = [:]
        for (position, entry) in entries.enumerated() {
            switch entry.proof {
            case .secret(let digest):
                digests += digest
                digestPositions.append(position)
            case .certificate(let subject): positionsBySubject[subject, default: []].append(position)
            }
        }
        self.digests = digests
        self.digestPositions = digestPositions
        self.positionsBySubject = positionsBySubject
    }

    /// What `secret` may do on the channel called `channel`.
    ///
    /// It is compared with every entry by digest in constant time, so the time taken says nothing about how
    /// near a guess came. Entries that share a secret add up.
    package func access(with secret: Span<UInt8>, to channel: Span<UInt8>, nowMilliseconds: UInt64) -> Access
    {
        SHA256.withDigest(of: secret) { digest in
            access(withDigest: digest, to: channel, nowMilliseconds: nowMilliseconds)
        }
    }

    private func access(
        withDigest digest: Span<UInt8>, to channel: Span<UInt8>, nowMilliseconds: UInt64
    ) -> Access {
        var access = Access.unknown
        for (index, position) in digestPositions.enumerated() {
            let start = index * SHA256.byteCount
            let known = digests.span.extracting(start..<start + SHA256.byteCount)
            if !ConstantTime.equal(digest, known) || access == .allowed { continue }
            entries[position].add(to: &access, channel, nowMilliseconds: nowMilliseconds)
        }
        return access
    }

    /// What a client may do on the channel called `channel` by its certificate, which was verified when it
    /// connected; one that has expired since then is none. Entries with the same subject add up.
    package func access(
        of certificate: ClientCertificate, to channel: Span<UInt8>, nowMilliseconds: UInt64
    ) -> Access {
        var access = Access.unknown
        if Int64(nowMilliseconds / 1000) > certificate.notAfterSeconds { return access }
        for position in positionsBySubject[certificate.subject] ?? [] where access != .allowed {
            entries[position].add(to: &access, channel, nowMilliseconds: nowMilliseconds)
        }
        return access
    }
}

extension SecretEntry {
    /// Adds what one who has shown to be this one may do on a channel.
    fileprivate func add(to access: inout SecretSet.Access, _ channel: Span<UInt8>, nowMilliseconds: UInt64) {
        if expiry?.isOver(nowMilliseconds: nowMilliseconds) == true { return }
        access = patterns.contains { $0.matches(channel) } ? .allowed : .otherChannels
    }
}

extension SecretEntry {
    /// The entry for a secret that is known itself: one from the environment, or one just made.
    package init(
        name: String, secret: Span<UInt8>, patterns: [ChannelPattern] = [.all], expiry: SecretExpiry? = nil
    ) {
        self.init(
            name: name, proof: .secret(digest: SHA256.digest(of: secret)), patterns: patterns, expiry: expiry)
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
