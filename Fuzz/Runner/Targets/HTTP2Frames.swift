// What a peer's frames come to is the same in whatever pieces they arrive, and stays within what the peer was
// given.
import Bytes
import HTTP
import HTTP2

/// The target `http2`: frames that follow a peer's preface.
func fuzzHTTP2(_ input: Span<UInt8>) {
    guard var pieces = Pieces(input) else { return }
    let octets = pieces.content
    let whole = Listener()
    whole.take(octets)
    let inPieces = Listener()
    var start = 0
    while pieces.next() {
        inPieces.take(octets.extracting(start..<pieces.end))
        start = pieces.end
    }
    require(whole.heard == inPieces.heard, "what frames come to doesn't depend on the pieces they come in")
    whole.send()
    inPieces.send()
    require(whole.isOver == inPieces.isOver, "nor does whether the connection goes on")
    let answering = Listener(answers: true)
    answering.take(octets)
    answering.send()
}

/// A session and what it has heard: each event as a number, with the octets that belong to it.
private final class Listener {
    private let session: HTTP2Session
    private let answers: Bool
    private(set) var heard: [[UInt8]] = []
    /// By slot: the number of the open stream that has it, and what is left of its response.
    private var open: [Int: (number: Int32, left: Int)] = [:]
    private var hasFailed = false

    var isOver: Bool { hasFailed || session.isOver }

    init(answers: Bool = false) {
        guard let session = HTTP2Session(limits: HTTP2Limits(), requestLimits: RequestLimits()) else {
            fatalError("there is memory for a session")
        }
        self.session = session
        self.answers = answers
        _ = session.makePieces(byteCountMax: 1000)
        session.removePieces()
        var preface: [UInt8] = []
        preface.append("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        // Its settings, and the server's acknowledged.
        preface += [0, 0, 0, 4, 0, 0, 0, 0, 0] + [0, 0, 0, 4, 1, 0, 0, 0, 0]
        require(session.receive(preface.span, now: 0) == preface.count, "the preface is right")
    }

    func take(_ octets: Span<UInt8>) {
        var start = 0
        while start < octets.count && !hasFailed {
            let rest = octets.extracting(start..<octets.count)
            guard let count = session.receive(rest, now: 0) else {
                hasFailed = true
                return
            }
            require(count > 0 && count <= rest.count, "octets are taken, and no more than there are")
            for event in session.events { hear(event, rest.extracting(0..<count)) }
            session.removeEvents()
            start += count
        }
    }

    private func hear(_ event: HTTP2Event, _ octets: Span<UInt8>) {
        switch event {
        case .request(let stream, let head, let hasContent):
            require(open[stream.slot] == nil, "a slot has one stream")
            open[stream.slot] = (stream.number, 0)
            require(open.count <= HTTP2Limits().streamsMax, "no more streams than there may be")
            heard.append(
                [1, UInt8(truncatingIfNeeded: stream.number), hasContent ? 1 : 0]
                    + summary(of: head, hasContent))
            if answers { answer(stream) }
        case .content(let stream, let range):
            require(open[stream.slot]?.number == stream.number, "content is of an open stream")
            // Where the pieces were cut is not to be seen.
            let prefix: [UInt8] = [2, UInt8(truncatingIfNeeded: stream.number)]
            let isContinued = heard.last?.starts(with: prefix) ?? false
            let content = octets.extracting(range).copied()
            if isContinued { heard[heard.count - 1] += content } else { heard.append(prefix + content) }
            if answers { session.consume(range.count, of: stream) }
        case .contentEnd(let stream): heard.append([3, UInt8(truncatingIfNeeded: stream.number)])
        case .answeredEarly(let stream): session.reset(stream, .noError)
        case .closed(let stream, _):
            heard.append([4, UInt8(truncatingIfNeeded: stream.number)])
            open[stream.slot] = nil
        }
    }

    private func summary(of fields: Result<Range<Int>, RequestFault>, _ hasContent: Bool) -> [UInt8] {
        switch fields {
        case .failure(let fault): return [UInt8(fault.status - 400)]
        case .success(let range):
            var octets = Buffer()
            session.fields.copy(range, to: &octets)
            var head = RequestHead()
            do throws(RequestFault) {
                try head.parse(fields: octets.octets, hasBody: hasContent)
            } catch {
                require((400...599).contains(error.status), "a fault has an error's status")
                return [UInt8(error.status - 400)]
            }
            let path = octets.octets.extracting(head.path)
            require(path.hasPrefix("/") || path.isEqual(to: "*"), "a path begins with a slash")
            require(head.authority != nil, "a request has a host")
            return octets.octets.copied()
        }
    }

    private func answer(_ stream: HTTP2StreamID) {
        var lines = Buffer()
        lines.append("Content-Type: text/plain\r\n")
        session.respond(stream, status: 200, lines: &lines, contentByteCount: Self.answerByteCount)
        if session.isOpen(stream) { open[stream.slot]?.left = Self.answerByteCount }
    }

    private static let answerByteCount = 100_000

    func send() {
        if hasFailed { return }
        let nothing: [UInt8] = []
        var hasMore = true
        while hasMore {
            hasMore = session.makePieces(byteCountMax: 20_000)
            for piece in session.pieces where piece.contentByteCount > 0 {
                let left = (open[piece.slot]?.left ?? 0) - piece.contentByteCount
                require(left >= 0, "no more content is asked for than there is")
                open[piece.slot]?.left = left
            }
            session.removePieces()
            for event in session.events { hear(event, nothing.span) }
            session.removeEvents()
        }
    }
}
