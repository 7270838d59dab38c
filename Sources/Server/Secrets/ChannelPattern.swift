import Bytes

/// Which channels a secret is for: a channel id in which `*` stands for any run of octets, none included.
///
/// It is written as the id stands in a URL: a space, a comma, a leading `#` and a literal `*` are
/// percent-encoded (RFC 3986 section 2.1).
package struct ChannelPattern: Sendable, Equatable {
    /// The literal octets before, between and behind the stars: one more than there are stars.
    private let pieces: [[UInt8]]

    /// Every channel.
    package static let all = ChannelPattern(pieces: [[], []])

    private init(pieces: [[UInt8]]) {
        self.pieces = pieces
    }

    /// The pattern that `text` stands for, or nil where it is empty or has a broken percent-encoding.
    package init?(_ text: Span<UInt8>) {
        if text.isEmpty { return nil }
        var pieces: [[UInt8]] = [[]]
        var index = 0
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "*"):
                pieces.append([])
            case UInt8(ascii: "%"):
                guard index + 2 < text.count, let high = Hex.value(text[index + 1]),
                    let low = Hex.value(text[index + 2])
                else { return nil }
                pieces[pieces.count - 1].append(high << 4 | low)
                index += 2
            case let octet:
                pieces[pieces.count - 1].append(octet)
            }
            index += 1
        }
        self.pieces = pieces
    }

    /// Whether the channel called `channel` is among those meant. No allocation.
    package func matches(_ channel: Span<UInt8>) -> Bool {
        let first = pieces[0]
        if pieces.count == 1 { return channel.isEqual(to: first.span) }
        let last = pieces[pieces.count - 1]
        if channel.count < first.count + last.count { return false }
        if !channel.extracting(first: first.count).isEqual(to: first.span) { return false }
        if !channel.extracting(last: last.count).isEqual(to: last.span) { return false }
        // Each middle piece is taken where it stands first: a later place can't leave more room for the rest.
        var start = first.count
        let end = channel.count - last.count
        for piece in pieces[1..<pieces.count - 1] {
            guard let found = Self.position(of: piece.span, in: channel, from: start, to: end) else {
                return false
            }
            start = found + piece.count
        }
        return true
    }

    private static func position(of piece: Span<UInt8>, in octets: Span<UInt8>, from start: Int, to end: Int)
        -> Int?
    {
        var index = start
        while index + piece.count <= end {
            if octets.extracting(index..<index + piece.count).isEqual(to: piece) { return index }
            index += 1
        }
        return nil
    }

    /// The pattern as it is written in a secret file.
    package var text: String {
        var text: [UInt8] = []
        for (index, piece) in pieces.enumerated() {
            if index > 0 { text.append(UInt8(ascii: "*")) }
            for octet in piece {
                switch octet {
                case 0x21...0x7E
                where octet != UInt8(ascii: "%") && octet != UInt8(ascii: "*")
                    && octet != UInt8(ascii: ",") && octet != UInt8(ascii: "#"):
                    text.append(octet)
                default:
                    text.append(UInt8(ascii: "%"))
                    text.append(hex: [octet].span)
                }
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
