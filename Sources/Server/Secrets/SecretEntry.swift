import Bytes
import HTTP

/// One who may post: its name, the SHA-256 of its secret (the secret itself is kept nowhere) or the subject
/// of its certificate, its channels, and until when.
///
/// A line of a secret file: `NAME SHA256 PATTERN[,PATTERN...] [EXPIRY]`, separated by spaces or tabs. In the
/// place of the SHA-256 `subject:CN=device-1` stands for all certificates with this very subject, written as
/// RFC 2253 does and then percent-encoded where it has spaces, `%` or `*`, or is not ASCII.
package struct SecretEntry: Sendable, Equatable {
    /// What shows that it is the one.
    package enum Proof: Sendable, Equatable {
        /// The secret with these octets' SHA-256.
        case secret(digest: [UInt8])
        /// A certificate, from an authority that is trusted, with this subject.
        case certificate(subject: [UInt8])
    }

    /// What the operator calls it: 1 to 64 visible ASCII characters. Never secret, and fit for a log.
    package let name: String
    /// What is compared with what a request brings.
    package let proof: Proof
    /// The channels that it may post to; at least one pattern.
    package let patterns: [ChannelPattern]
    /// From when it is no longer valid; nil for never.
    package let expiry: SecretExpiry?

    /// - Parameters:
    ///   - name: must satisfy `isName`.
    ///   - proof: a digest has 32 octets, a subject at least one.
    ///   - patterns: at least one.
    package init(name: String, proof: Proof, patterns: [ChannelPattern], expiry: SecretExpiry?) {
        let isProof =
            switch proof {
            case .secret(let digest): digest.count == Self.digestByteCount
            case .certificate(let subject): !subject.isEmpty
            }
        precondition(isProof && !patterns.isEmpty, "an entry needs a proof and a pattern")
        self.name = name
        self.proof = proof
        self.patterns = patterns
        self.expiry = expiry
    }

    /// Reads one line, without its line end; nil where it is blank or a comment.
    ///
    /// No error repeats anything of the line: it may hold a secret in the wrong column.
    package init?(line: Span<UInt8>) throws(SecretLineFault) {
        let columns = Self.columns(of: line)
        if columns.isEmpty { return nil }
        guard columns.count >= 3 else { throw .columnsMissing }
        guard columns.count <= 4 else { throw .columnsExtra }
        guard Self.isName(line.extracting(columns[0])), let name = line.extracting(columns[0]).utf8Text()
        else {
            throw .name
        }
        let proof = try Self.proof(line.extracting(columns[1]))
        let patterns = try Self.patterns(line.extracting(columns[2]))
        var expiry: SecretExpiry?
        if columns.count == 4 {
            expiry = SecretExpiry(line.extracting(columns[3]))
            guard expiry != nil else { throw .expiry }
        }
        self.init(name: name, proof: proof, patterns: patterns, expiry: expiry)
    }

    /// The line that a secret file has for this entry, without a line end.
    package var line: String {
        let channels = patterns.map(\.text).joined(separator: ",")
        let columns = "\(name) \(Self.text(of: proof)) \(channels)"
        return expiry.map { "\(columns) \($0.text)" } ?? columns
    }

    private static func proof(_ column: Span<UInt8>) throws(SecretLineFault) -> Proof {
        if column.count > subjectPrefix.count,
            column.extracting(first: subjectPrefix.count).isEqual(to: subjectPrefix.span)
        {
            let text = column.extracting(droppingFirst: subjectPrefix.count)
            // Kept for patterns of subjects.
            if text.firstIndex(of: UInt8(ascii: "*"), from: 0) != nil { throw .subject }
            var subject: [UInt8] = []
            guard Target.decode(text, into: &subject), subject.contains(UInt8(ascii: "=")) else {
                throw .subject
            }
            return .certificate(subject: subject)
        }
        guard let digest = Hex.octets(column), digest.count == digestByteCount else { throw .digest }
        return .secret(digest: digest)
    }

    private static func text(of proof: Proof) -> String {
        switch proof {
        case .secret(let digest): return Hex.text(digest.span)
        case .certificate(let subject):
            var text = subjectPrefix
            for octet in subject {
                switch octet {
                case 0x21...0x7E where octet != UInt8(ascii: "%") && octet != UInt8(ascii: "*"):
                    text.append(octet)
                default:
                    text.append(UInt8(ascii: "%"))
                    text.append(hex: [octet].span)
                }
            }
            return String(decoding: text, as: UTF8.self)
        }
    }

    /// Whether `text` can name an entry: 1 to 64 visible ASCII characters, of which the first is no `#`.
    package static func isName(_ text: Span<UInt8>) -> Bool {
        if text.isEmpty || text.count > nameByteCountMax || text[0] == UInt8(ascii: "#") { return false }
        for index in text.indices where !(0x21...0x7E ~= text[index]) { return false }
        return true
    }

    /// The patterns of a comma-separated list.
    package static func patterns(_ text: Span<UInt8>) throws(SecretLineFault) -> [ChannelPattern] {
        var patterns: [ChannelPattern] = []
        var start = 0
        while start <= text.count {
            let end = text.firstIndex(of: UInt8(ascii: ","), from: start) ?? text.count
            guard let pattern = ChannelPattern(text.extracting(start..<end)) else { throw .pattern }
            patterns.append(pattern)
            start = end + 1
        }
        return patterns
    }

    private static let digestByteCount = 32
    private static let subjectPrefix = Array("subject:".utf8)
    /// Long enough for a device's host name, short enough for a column of `syncstreamer secret list`.
    private static let nameByteCountMax = 64

    /// The ranges of the columns, up to one that begins with `#`: the rest of the line is a comment.
    private static func columns(of line: Span<UInt8>) -> [Range<Int>] {
        var columns: [Range<Int>] = []
        var index = 0
        while true {
            while index < line.count, isBlank(line[index]) { index += 1 }
            if index == line.count || line[index] == UInt8(ascii: "#") { return columns }
            let start = index
            while index < line.count, !isBlank(line[index]) { index += 1 }
            columns.append(start..<index)
        }
    }

    /// A space, a tab, or the carriage return before a line feed.
    private static func isBlank(_ octet: UInt8) -> Bool {
        octet == UInt8(ascii: " ") || octet == UInt8(ascii: "\t") || octet == UInt8(ascii: "\r")
    }
}

/// What is wrong with a line of a secret file, and what to do: never anything that the line says.
package struct SecretLineFault: Error, Sendable, Equatable {
    /// A sentence's part that ends a message about the line.
    package let advice: String

    /// Fewer than three columns.
    package static let columnsMissing = SecretLineFault(
        advice: "a line is NAME SHA256 PATTERNS [EXPIRY]; `syncstreamer secret` makes such a line")
    /// More than four columns.
    package static let columnsExtra = SecretLineFault(
        advice: "there are more than four columns; join patterns with commas, and write a space in one as %20"
    )
    /// The first column.
    package static let name = SecretLineFault(advice: "the name must be 1 to 64 visible ASCII characters")
    /// The second column.
    package static let digest = SecretLineFault(
        advice:
            "the second column must be the secret's SHA-256 in 64 hexadecimal digits, never the secret "
            + "itself, or subject: and a certificate's subject; `syncstreamer secret` makes such a line")
    /// The second column, where it begins as a subject.
    package static let subject = SecretLineFault(
        advice:
            "the subject must be whole, as `syncstreamer cert show` prints it, such as subject:CN=device-1; "
            + "write a space in it as %20, % as %25 and * as %2A")
    /// The third column.
    package static let pattern = SecretLineFault(
        advice:
            "a channel pattern is empty or has a broken percent-encoding; use patterns such as room1-* or *")
    /// The fourth column.
    package static let expiry = SecretLineFault(
        advice:
            "the fourth column must be an expiry such as 2027-01-31T18:00:00Z, 2027-01-31, or UNIX seconds")
}
