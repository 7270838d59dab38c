import Bytes
import Posix

/// What is left to send of a response's content, handed out in spans: a mapped file goes from the page cache
/// straight into the records.
struct ContentCursor {
    /// The piece that is sent now; nil behind the last.
    private var piece: Piece?
    private var offset = 0
    /// Those that follow it, the next one last. Few contents have any, and no others take memory for them.
    private var others: [Piece] = []

    private enum Piece {
        case shared([UInt8], Range<Int>)
        case mapped(MappedFile, Range<Int>)

        var byteCount: Int {
            switch self {
            case .shared(_, let range), .mapped(_, let range): range.count
            }
        }
    }

    /// Takes over a response's content. What stands in the response's own text is shared until it is sent: a
    /// next response that comes before takes other memory for its own.
    init(_ response: borrowing Response) {
        switch response.content {
        case .none: piece = nil
        case .text: piece = .shared(response.text, 0..<response.text.count)
        case .shared(let octets, let range): piece = .shared(octets, range)
        case .mapped(let file, let range): piece = .mapped(file, range)
        case .parts(let parts):
            others.reserveCapacity(parts.count)
            for part in parts.reversed() {
                switch part {
                case .text(let range): others.append(.shared(response.text, range))
                case .shared(let octets, let range): others.append(.shared(octets, range))
                case .mapped(let file, let range): others.append(.mapped(file, range))
                }
            }
            piece = others.popLast()
        }
        skipEmptyPieces()
    }

    /// Everything was handed out.
    var isAtEnd: Bool { piece == nil }

    /// Appends the next octets of one piece, at most `octetsMax`, and goes past them.
    ///
    /// - Returns: how many they are.
    @discardableResult
    mutating func append(octetsMax: Int, to buffer: inout Buffer) -> Int {
        let count = nextCount(octetsMax)
        switch piece {
        case nil: return 0
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
        defer { advance(count) }
        switch piece {
        case nil: return true
        case .shared(let octets, let range):
            let start = range.lowerBound + offset
            return records.send(octets.span.extracting(start..<start + count), into: &output)
        case .mapped(let file, let range):
            let start = range.lowerBound + offset
            return records.send(file.octets.extracting(start..<start + count), into: &output)
        }
    }

    /// How many octets of the piece that is sent now are left.
    var pieceByteCount: Int { nextCount(.max) }

    /// Sends the next octets of one piece, at most `octetsMax`, from where they lie, and goes past those that
    /// the socket takes.
    mutating func send(octetsMax: Int, to descriptor: borrowing Descriptor) -> Sent {
        let count = nextCount(octetsMax)
        let sent: Sent
        switch piece {
        case nil: return .octets(0)
        case .shared(let octets, let range):
            let start = range.lowerBound + offset
            sent = descriptor.send(octets.span.extracting(start..<start + count))
        case .mapped(let file, let range):
            let start = range.lowerBound + offset
            sent = descriptor.send(file.octets.extracting(start..<start + count))
        }
        if case .octets(let taken) = sent { advance(taken) }
        return sent
    }

    private func nextCount(_ octetsMax: Int) -> Int {
        piece.map { max(0, min(octetsMax, $0.byteCount - offset)) } ?? 0
    }

    private mutating func advance(_ count: Int) {
        offset += count
        skipEmptyPieces()
    }

    private mutating func skipEmptyPieces() {
        while let piece, offset == piece.byteCount {
            self.piece = others.popLast()
            offset = 0
        }
    }
}
