// The other side of a connection, which writes its frames by hand (RFC 9113 section 4, RFC 7541).

import Bytes

@testable import HTTP2

enum Peer {
    struct Frame {
        let type: UInt8
        let flags: UInt8
        let stream: Int32
        let payload: [UInt8]

        var endsStream: Bool { flags & 1 == 1 }
    }

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    static let ping = frame(
        6, 0, [UInt8](repeating: 1, count: 8))

    static func frame(_ type: UInt8, flags: UInt8 = 0, _ stream: Int32, _ payload: [UInt8]) -> [UInt8] {
        octets(UInt32(payload.count)).dropFirst() + [type, flags] + octets(UInt32(stream)) + payload
    }

    static func settings(_ entries: [(UInt8, UInt32)]) -> [UInt8] {
        frame(4, 0, entries.flatMap { [0, $0.0] + octets($0.1) })
    }

    static func windowUpdate(_ stream: Int32, _ byteCount: UInt32) -> [UInt8] {
        frame(8, stream, octets(byteCount))
    }

    static func reset(_ stream: Int32) -> [UInt8] { frame(3, stream, [0, 0, 0, 8]) }

    /// A request's head in a HEADERS frame and as many CONTINUATION frames as it needs, its fields as
    /// literals without indexing or Huffman code.
    static func headers(_ stream: Int32, _ fields: [(String, String)], ends: Bool = true) -> [UInt8] {
        var block: [UInt8] = []
        for (name, value) in fields {
            block.append(0)
            for text in [name, value] { block += integer(text.utf8.count) + Array(text.utf8) }
        }
        var octets: [UInt8] = []
        var rest = block[...]
        repeat {
            let piece = Array(rest.prefix(16_384))
            rest = rest.dropFirst(piece.count)
            let isFirst = octets.isEmpty
            let flags: UInt8 = (rest.isEmpty ? 4 : 0) | (isFirst && ends ? 1 : 0)
            octets += frame(isFirst ? 1 : 9, flags: flags, stream, piece)
        } while !rest.isEmpty
        return octets
    }

    static func get(_ path: String) -> [(String, String)] { request("GET", path) }
    static func post(_ path: String) -> [(String, String)] { request("POST", path) }

    private static func request(_ method: String, _ path: String) -> [(String, String)] {
        [(":method", method), (":scheme", "https"), (":path", path), (":authority", "localhost")]
    }

    /// What a session has to say, with zeros for content.
    static func sent(by session: HTTP2Session, byteCountMax: Int = 1 << 20) -> [Frame] {
        _ = session.makePieces(byteCountMax: byteCountMax)
        var buffer = Buffer()
        var position = 0
        for piece in session.pieces {
            session.appendFrames(position..<position + piece.frameByteCount, to: &buffer)
            position += piece.frameByteCount
            for _ in 0..<piece.contentByteCount { buffer.append(0) }
        }
        session.removePieces()
        return frames(in: buffer.octets.copied())
    }

    static func frames(in octets: [UInt8]) -> [Frame] {
        var frames: [Frame] = []
        var index = 0
        while index + 9 <= octets.count {
            let end = index + 9 + Int(octets.span.bigEndian(at: index, as: UInt32.self) >> 8)
            let stream = octets.span.bigEndian(at: index + 5, as: UInt32.self) & 0x7FFF_FFFF
            frames.append(
                Frame(
                    type: octets[index + 3], flags: octets[index + 4], stream: Int32(stream),
                    payload: Array(octets[index + 9..<end])))
            index = end
        }
        return frames
    }

    /// RFC 7541 section 5.1, with a prefix of seven bits.
    private static func integer(_ value: Int) -> [UInt8] {
        if value < 127 { return [UInt8(value)] }
        var octets: [UInt8] = [127]
        var rest = value - 127
        while rest >= 128 {
            octets.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return octets + [UInt8(rest)]
    }

    private static func octets(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }
}
