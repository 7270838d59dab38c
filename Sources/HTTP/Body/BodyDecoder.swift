import Bytes

/// What a decoder made of the octets it was given.
package enum BodyStep: Sendable, Equatable {
    /// A part of the body, as a range of those octets; `consumed` of them are done with.
    case data(Range<Int>, consumed: Int)
    /// Nothing more can be read from them; the body goes on.
    case needsMore(consumed: Int)
    /// The body has ended; what follows belongs to the next request.
    case finished(consumed: Int)
    case invalid(RequestFault)
}

/// Finds the body's octets among those that follow a head (RFC 9112 sections 6 and 7), in whatever pieces they come.
///
/// It copies nothing and keeps a few integers. Trailer fields are checked for form, counted, and dropped.
package struct BodyDecoder: Sendable {
    /// More digits than a body could have octets are an attempt at overflow.
    private static let sizeDigitsMax = 15
    /// Extensions are of no use here; clients that send any send short ones.
    private static let extensionByteCountMax = 256
    private static let trailerByteCountMax = 8 * 1024

    private enum State {
        /// So many octets of the body, or of the current chunk, are left.
        case data(UInt64)
        case size(value: UInt64, digits: Int)
        case sizeExtension(count: Int)
        case sizeLineFeed(value: UInt64)
        case chunkReturn
        case chunkLineFeed
        case trailerStart(total: Int)
        case trailerLine(total: Int)
        case trailerLineFeed(total: Int)
        case finalLineFeed
        case finished
    }

    private let isChunked: Bool
    private var state: State
    private var chunkByteCount: UInt64 = 0

    package init(_ framing: BodyFraming) {
        switch framing {
        case .none:
            isChunked = false
            state = .finished
        case .length(let count):
            isChunked = false
            state = count == 0 ? .finished : .data(count)
        case .chunked:
            isChunked = true
            state = .size(value: 0, digits: 0)
        }
    }

    /// Takes a step. Call again with what was not consumed, and what has come since, until the body has ended.
    package mutating func decode(_ octets: Span<UInt8>) -> BodyStep {
        var index = 0
        while true {
            if case .finished = state { return .finished(consumed: index) }
            if index == octets.count { return .needsMore(consumed: index) }
            if case .data(let left) = state {
                let count = Int(min(left, UInt64(octets.count - index)))
                let rest = left - UInt64(count)
                state = rest > 0 ? .data(rest) : isChunked ? .chunkReturn : .finished
                return .data(index..<index + count, consumed: index + count)
            }
            if let fault = step(octets[index]) { return .invalid(fault) }
            index += 1
        }
    }

    /// One octet of the chunked coding that is not data (RFC 9112 section 7.1).
    private mutating func step(_ octet: UInt8) -> RequestFault? {
        let isReturn = octet == UInt8(ascii: "\r")
        let isLineFeed = octet == UInt8(ascii: "\n")
        switch state {
        case .size(let value, let digits):
            if let digit = Hex.value(octet) {
                if digits == Self.sizeDigitsMax { return .badChunkSize }
                state = .size(value: value << 4 | UInt64(digit), digits: digits + 1)
            } else if digits > 0 && isReturn {
                state = .sizeLineFeed(value: value)
            } else if digits > 0 && octet == UInt8(ascii: ";") {
                chunkByteCount = value
                state = .sizeExtension(count: 0)
            } else {
                return .badChunkSize
            }
        case .sizeExtension(let count):
            if isReturn {
                state = .sizeLineFeed(value: chunkByteCount)
            } else if count == Self.extensionByteCountMax || !OctetClass.table[Int(octet)].contains(.value) {
                return RequestFault(400, "A chunk extension is too long or holds a control character.")
            } else {
                state = .sizeExtension(count: count + 1)
            }
        case .sizeLineFeed(let value):
            if !isLineFeed { return .badChunkSize }
            state = value > 0 ? .data(value) : .trailerStart(total: 0)
        case .chunkReturn:
            if !isReturn { return .badChunkEnd }
            state = .chunkLineFeed
        case .chunkLineFeed:
            if !isLineFeed { return .badChunkEnd }
            state = .size(value: 0, digits: 0)
        case .trailerStart(let total):
            if isReturn {
                state = .finalLineFeed
            } else if OctetClass.table[Int(octet)].contains(.token) {
                state = .trailerLine(total: total + 1)
            } else {
                return .badTrailer
            }
        case .trailerLine(let total):
            if isReturn {
                state = .trailerLineFeed(total: total)
            } else if total == Self.trailerByteCountMax || !OctetClass.table[Int(octet)].contains(.value) {
                return .badTrailer
            } else {
                state = .trailerLine(total: total + 1)
            }
        case .trailerLineFeed(let total):
            if !isLineFeed { return .badTrailer }
            state = .trailerStart(total: total)
        case .finalLineFeed:
            if !isLineFeed { return .badTrailer }
            state = .finished
        case .data, .finished:
            preconditionFailure("not part of the framing")
        }
        return nil
    }
}

extension RequestFault {
    fileprivate static let badChunkSize = RequestFault(400, "A chunk must begin with its size in hexadecimal and CR LF.")
    fileprivate static let badChunkEnd = RequestFault(400, "A chunk must end with CR LF after as many octets as it said.")
    fileprivate static let badTrailer = RequestFault(400, "A trailer field is malformed, or the trailers are too large.")
}
