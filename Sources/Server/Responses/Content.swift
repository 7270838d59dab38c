import Posix

/// The body of a response: where its octets are. Made and sent by one event loop; what it refers to is
/// immutable and shared.
enum Content: Sendable {
    /// No body. Content-Length is 0, but for 204 and 304, which have no such field.
    case none
    /// The response's own `text`.
    case text
    /// A part of octets that many responses share, such as the index.
    case shared([UInt8], Range<Int>)
    /// A part of a frame's file.
    case mapped(MappedFile, Range<Int>)
    /// One piece after the other: several ranges of a frame, or a page of the index.
    case parts([ContentPart])
}

/// A piece of a body made of several.
enum ContentPart: Sendable {
    /// A part of the response's own `text`.
    case text(Range<Int>)
    case shared([UInt8], Range<Int>)
    case mapped(MappedFile, Range<Int>)

    /// Octets of the piece.
    var byteCount: Int {
        switch self {
        case .text(let range), .shared(_, let range), .mapped(_, let range): range.count
        }
    }
}
