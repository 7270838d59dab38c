import Bytes

/// The message by which a peer says that its next record is under another key (RFC 8446 section 4.6.3), the
/// only one that may come behind a handshake. It may come in pieces, as all handshake messages.
struct KeyUpdate {
    private static let type: UInt8 = 24
    private static let byteCount = 5

    /// Our own, which asks for none in return: type, the content's length of 1, update_not_requested.
    static let ours: InlineArray<5, UInt8> = [type, 0, 0, 1, 0]

    private var octets = InlineArray<5, UInt8>(repeating: 0)
    private var count = 0

    /// Whether no message has begun.
    var isEmpty: Bool { count == 0 }

    /// Takes a record's content.
    ///
    /// - Returns: whether the peer asks for an update in return; nil while the message isn't whole.
    mutating func take(_ content: Span<UInt8>) throws(RecordFault) -> Bool? {
        // The message ends its record: what follows is under the next key (RFC 8446 section 5.1).
        guard !content.isEmpty, content.count <= Self.byteCount - count else {
            throw RecordFault("a handshake message that is not a key update", .unexpectedMessage)
        }
        for index in content.indices { octets[count + index] = content[index] }
        count += content.count
        guard octets[0] == Self.type else {
            throw RecordFault("a handshake message that is not a key update", .unexpectedMessage)
        }
        if count < Self.byteCount { return nil }
        count = 0
        guard octets[1] == 0, octets[2] == 0, octets[3] == 1 else {
            throw RecordFault("a key update of another length", .decodeError)
        }
        guard octets[4] <= 1 else { throw RecordFault("a key update of another kind", .illegalParameter) }
        return octets[4] == 1
    }
}
