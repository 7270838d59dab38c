import Bytes
import Posix

/// What is left to send of a response's content, handed out in spans: a mapped file goes from the page cache
/// straight into the records.
struct ContentCursor {
    private let pieces: [Piece]
    private var piece = 0
    private var offset = 0

    private enum Piece {
        case shared([UInt8], Range<Int>)
        case mapped(MappedFile, Range<Int>)

        var byteCount: Int {
            switch self {
            case .shared(_, let range), .mapped(_, let range): range.count
            }
        }
    }

    /// Takes over a response's content; what stands in the response's own text is copied, since that is used
    /// again for the next response.
    init(_ response: borrowing Response) {
        switch response.content {
        case .none: pieces = []
        case .text: pieces = [.shared(response.text.octets.copied(), 0..<response.text.count)]
        case .shared(let octets, let range): pieces = [.shared(octets, range)]
        case .mapped(let file, let range): pieces = [.mapped(file, range)]
        case .parts(let parts):
            var pieces: [Piece] = []
            pieces.reserveCapacity(parts.count)
            for part in parts {
                switch part {
                case .text(let range):
                    pieces.append(.shared(response.text.octets.extracting(range).copied(), 0..<range.count))
                case .shared(let octets, let range): pieces.append(.shared(octets, range))
                case .mapped(let file, let range): pieces.append(.mapped(file, range))
                }
            }
            self.pieces = pieces
        }
        skipEmptyPieces()
    }

    /// Everything was handed out.
    var isAtEnd: Bool { piece == pieces.count }

    /// Appends the next octets of one piece, at most `octetsMax`, and goes past them.
    ///
    /// - Returns: how many they are.
    @discardableResult
    mutating func append(octetsMax: Int, to buffer: inout Buffer) -> Int {
        let count = nextCount(octetsMax)
        if count == 0 { return 0 }
        switch pieces[piece] {
        case .shared(let octets, let range):
            let start = range.lowerBound + offset
            buffer.append(copying: octets.span.extracting(start..<start + count))
        case .mapped(let file, let range):
            let start = range.lowerBound + offset
            buffer.append(copying: file.octets.extracting(start..<start + count))
        }
        advance(count)
        return count
    }

    /// Encrypts the next octets of one piece, at most `octetsMax`, and goes past them; false where the
    /// session is dead.
    mutating func send(octetsMax: Int, through records: inout RecordLayer, into output: inout Buffer) -> Bool
    {
        let count = nextCount(octetsMax)
        if count == 0 { return true }
        defer { advance(count) }
        switch pieces[piece] {
        case .shared(let octets, let range):
            let start = range.lowerBound + offset
            return records.send(octets.span.extracting(start..<start + count), into: &output)
        case .mapped(let file, let range):
            let start = range.lowerBound + offset
            return records.send(file.octets.extracting(start..<start + count), into: &output)
        }
    }

    private func nextCount(_ octetsMax: Int) -> Int {
        isAtEnd ? 0 : max(0, min(octetsMax, pieces[piece].byteCount - offset))
    }

    private mutating func advance(_ count: Int) {
        offset += count
        skipEmptyPieces()
    }

    private mutating func skipEmptyPieces() {
        while piece < pieces.count && offset == pieces[piece].byteCount {
            piece += 1
            offset = 0
        }
    }
}
