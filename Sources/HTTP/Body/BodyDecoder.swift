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

/// Finds the body's octets among those that follow a head (RFC 9112 sections 6 and 7), in whatever pieces
/// they come.
///
/// It copies nothing and keeps a few integers. Trailer fields are checked for form, counted, and dropped.
package struct BodyDecoder: Sendable {
    /// More digits than a body could have octets are an attempt at overflow.
    private static let sizeDigitsMax = 15
    private static let trailerByteCountMax = 8 * 1024

    private enum State {
        /// So many octets of the body, or of the current chunk, are left.
        case data(UInt64)
        case size(digits: Int)
        case sizeExtension(ChunkExtension)
        case sizeLineFeed
        case chunkReturn, chunkLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed
        case finalLineFeed
        case finished
    }

    private let isChunked: Bool
    private var state: State
    private var chunkByteCount: UInt64 = 0
    private var trailerByteCount = 0

    /// Makes a decoder for one body, which begins right behind its head.
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
            state = .size(digits: 0)
        }
    }

    /// Takes a step. Call again with what was not consumed, and what has come since, until the body has
    /// ended.
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
            do {
                state = try state(behind: octets[index])
            } catch {
                return .invalid(error)
            }
            index += 1
        }
    }

    /// One octet of the chunked coding that is not data (RFC 9112 section 7.1).
    private mutating func state(behind octet: UInt8) throws(RequestFault) -> State {
        let isReturn = octet == UInt8(ascii: "\r")
        let isLineFeed = octet == UInt8(ascii: "\n")
        switch state {
        case .size(let digits):
            return try stateInSize(octet, digits)
        case .sizeExtension(var rest):
            switch rest.take(octet) {
            case .goesOn: return .sizeExtension(rest)
            case .ended: return .sizeLineFeed
            case .malformed: throw .badExtension
            }
        case .sizeLineFeed:
            if !isLineFeed { throw .badChunkSize }
            return chunkByteCount > 0 ? .data(chunkByteCount) : .trailerStart
        case .chunkReturn:
            if !isReturn { throw .badChunkEnd }
            return .chunkLineFeed
        case .chunkLineFeed:
            if !isLineFeed { throw .badChunkEnd }
            chunkByteCount = 0
            return .size(digits: 0)
        case .trailerStart, .trailerName, .trailerValue:
            return try stateInTrailer(octet)
        case .trailerLineFeed:
            if !isLineFeed { throw .badTrailer }
            return .trailerStart
        case .finalLineFeed:
            if !isLineFeed { throw .badTrailer }
            return .finished
        case .data, .finished:
            preconditionFailure("not part of the framing")
        }
    }

    private mutating func stateInSize(_ octet: UInt8, _ digits: Int) throws(RequestFault) -> State {
        if let digit = Hex.value(octet) {
            if digits == Self.sizeDigitsMax { throw .badChunkSize }
            chunkByteCount = chunkByteCount << 4 | UInt64(digit)
            return .size(digits: digits + 1)
        }
        if digits == 0 { throw .badChunkSize }
        if octet == UInt8(ascii: "\r") { return .sizeLineFeed }
        var rest = ChunkExtension()
        guard case .goesOn = rest.take(octet) else { throw .badChunkSize }
        return .sizeExtension(rest)
    }

    private mutating func stateInTrailer(_ octet: UInt8) throws(RequestFault) -> State {
        trailerByteCount += 1
        if trailerByteCount > Self.trailerByteCountMax {
            throw RequestFault(431, "The trailer fields are too large; send fewer or shorter ones.")
        }
        switch state {
        case .trailerStart where octet == UInt8(ascii: "\r"): return .finalLineFeed
        case .trailerValue where octet == UInt8(ascii: "\r"): return .trailerLineFeed
        case .trailerName where octet == UInt8(ascii: ":"): return .trailerValue
        case .trailerStart where OctetClass(of: octet).contains(.token),
            .trailerName where OctetClass(of: octet).contains(.token):
            return .trailerName
        case .trailerValue where OctetClass(of: octet).contains(.value): return .trailerValue
        default: throw .badTrailer
        }
    }
}

extension RequestFault {
    fileprivate static let badChunkSize = RequestFault(
        400, "A chunk must begin with its size in hexadecimal and CR LF.")
    fileprivate static let badExtension = RequestFault(400, "A chunk extension is malformed or too long.")
    fileprivate static let badChunkEnd = RequestFault(
        400, "A chunk must end with CR LF after as many octets as it said.")
    fileprivate static let badTrailer = RequestFault(400, "A trailer field is malformed.")
}
