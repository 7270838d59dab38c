// Clients and the server's event loops: bodies come in pieces, items go to the writer, answers go back.
import Bytes
import HTTP
import Posix
import SimulatedStorage

@testable import FrameLog
@testable import Server

/// Items that a loop hands to the writer, and what the account knows each as: nil for a claim or an end.
struct HandedBatch {
    var batch = ItemBatch()
    var sendings: [PostedItem.Sending?] = []
    var loop = 0
}

/// A request whose body is on its way.
final class SimulatedConnection {
    let token: UInt64
    let posting: Posting
    let pending: PendingUpload
    var rest: ArraySlice<UInt8>
    /// What becomes of the body where it is cut.
    enum End { case whole, cutOff, torn }
    let end: End
    /// What of this request the log was given.
    var sendings: [PostedItem.Sending] = []

    init(_ token: UInt64, _ posting: Posting, _ pending: PendingUpload, body: ArraySlice<UInt8>, end: End) {
        self.token = token
        self.posting = posting
        self.pending = pending
        self.end = end
        rest = body
    }
}

/// An event loop: its clock, its connections, and what it hands over and gets back.
struct SimulatedLoop {
    var clock: FrameClock
    var connections: [SimulatedConnection] = []
    var handing = HandedBatch()
    var decided: [HandedBatch] = []
    let number: Int
    private var heardOfCommit: UInt64 = 0

    init(_ number: Int, clock: FrameClock) {
        self.number = number
        self.clock = clock
        begin()
    }

    /// Begins its next batch.
    mutating func begin() {
        handing = HandedBatch()
        handing.loop = number
        handing.batch.begin(loop: UInt32(number), heardOfCommit: heardOfCommit)
    }

    /// Knows what became of a batch.
    mutating func hear(of handed: HandedBatch) {
        heardOfCommit = max(heardOfCommit, handed.batch.decidedInCommit)
    }

    func isBusy(with posting: Posting) -> Bool { connections.contains { $0.posting === posting } }
}

extension Simulation {
    private static let secrets = SecretSet([SecretEntry(name: "test", secret: Array("secret".utf8).span)])

    /// What a turn of the loop goes by.
    func context(of loop: Int, catalog: FrameCatalog? = nil) -> RequestContext {
        let now = loops[loop].clock.reading(wall)
        latest = max(latest, now)
        return RequestContext(
            nowMilliseconds: now, receivedMicroseconds: now * 1_000,
            catalog: catalog ?? FrameCatalog(files: [], retired: RetiredFrames()), secrets: Self.secrets,
            readiness: readiness, limiter: RateLimiter(RateLimits()),
            settings: RouteSettings(
                itemByteCountMax: settings.itemByteCountMax,
                frameDurationMilliseconds: settings.frameDurationMilliseconds,
                latenessMilliseconds: settings.latenessMilliseconds))
    }

    /// A client sends a request's head.
    func connect(_ posting: Posting) throws {
        let place = loops.indices.randomElement(using: &random)!
        let context = context(of: place)
        posting.attemptCount += 1
        if let key = posting.key {
            let start = context.nowMilliseconds - settings.frameDurationMilliseconds
            if key.goodUntil == .max { key.goodUntil = start + PostedKey.keptMilliseconds }
        }
        let octets = Array(posting.head.utf8)
        var head = RequestHead()
        try head.parse(octets.span)
        var response = Response()
        guard
            case .receive(let upload) = Router.route(head, octets.span, context, from: Requester(), &response)
        else {
            if response.status < 500 {
                throw Violation(description: "a head was refused: \(response.status)")
            }
            return note("a posting is refused with \(response.status)")
        }
        var body = try posting.body()[...]
        var end = SimulatedConnection.End.whole
        if random.chance(1, in: 6) {
            body = body.prefix(Int.random(in: 0..<body.count, using: &random))
            // Half an octet stream that claims to be whole would be another item.
            end = posting.form == .octets && !posting.isGzip || random.chance(1, in: 2) ? .cutOff : .torn
        }
        let connection = SimulatedConnection(
            random.next(), posting, try PendingUpload(upload), body: body, end: end)
        loops[place].connections.append(connection)
        let key = posting.key.map { ", \($0.text)" } ?? ""
        note(
            "posting \(posting.number), try \(posting.attemptCount): "
                + "\(posting.items.count) items\(key), \(end)"
        )
        try work(connection, of: place)
    }

    /// A client sends some more of its body, or its end.
    func sendSome() throws {
        repeat { try sendPiece() } while random.chance(1, in: 2)
    }

    private func sendPiece() throws {
        guard
            let place = loops.indices.filter({ !loops[$0].connections.isEmpty }).randomElement(
                using: &random),
            let connection = loops[place].connections.randomElement(using: &random)
        else { return }
        let pending = connection.pending
        try work(connection, of: place)
        if pending.ending != nil || pending.isWaitingForLog { return }
        if connection.rest.isEmpty {
            if connection.end == .cutOff { pending.end(.cutOff) } else { pending.finishContent() }
        } else {
            let all = connection.rest.count
            let count = random.chance(1, in: 2) ? all : Int.random(in: 1...all, using: &random)
            pending.take(Array(connection.rest.prefix(count)).span)
            connection.rest = connection.rest.dropFirst(count)
        }
        try work(connection, of: place)
    }

    /// The client goes away without an answer.
    func abandonConnection() {
        guard
            let place = loops.indices.filter({ !loops[$0].connections.isEmpty }).randomElement(using: &random)
        else { return }
        let gone = loops[place].connections.indices.randomElement(using: &random)!
        note("the client of posting \(loops[place].connections[gone].posting.number) goes away")
        loops[place].connections.remove(at: gone)
    }

    /// Works off what has come, and answers what is decided.
    private func work(_ connection: SimulatedConnection, of place: Int) throws {
        let context = context(of: place)
        let pending = connection.pending
        var hasMore = pending.ending == nil
        while hasMore {
            let known = loops[place].handing.batch.entries.count
            hasMore = pending.work(into: &loops[place].handing.batch, ticket: connection.token, context)
            try take(from: known, connection, of: place)
        }
        if !pending.isDecided { return }
        loops[place].connections.removeAll { $0 === connection }
        try answer(connection, context)
    }

    /// Notes what the upload has just put into the loop's batch.
    private func take(from known: Int, _ connection: SimulatedConnection, of place: Int) throws {
        let batch = loops[place].handing.batch
        for entry in batch.entries[known...] {
            if entry.kind != .item {
                loops[place].handing.sendings.append(nil)
                continue
            }
            let octets = batch.records[
                entry.range.upperBound - entry.payloadByteCount..<entry.range.upperBound]
            let item = try account.item(with: Array(octets))
            let sending = PostedItem.Sending(timestamp: entry.timestamp)
            item.sendings.append(sending)
            connection.sendings.append(sending)
            loops[place].handing.sendings.append(sending)
        }
    }

    /// A loop gives the writer what it has.
    func handOver(of place: Int) {
        if loops[place].handing.batch.isEmpty { return }
        writer.handed.append(loops[place].handing)
        note("loop \(place) hands over \(loops[place].handing.batch.count) entries")
        loops[place].begin()
    }

    /// A loop hears what became of its items.
    func deliver() throws {
        let place = loops.indices.randomElement(using: &random)!
        let decided = loops[place].decided
        loops[place].decided = []
        var touched: [SimulatedConnection] = []
        for handed in decided {
            for (index, outcome) in handed.batch.outcomes.enumerated() {
                guard let connection = loops[place].connections.first(where: { $0.token == outcome.ticket })
                else { continue }
                connection.pending.decide(
                    outcome.verdict, byteCount: handed.batch.payloadByteCount(at: index),
                    nowMilliseconds: loops[place].clock.reading(wall))
                if !touched.contains(where: { $0 === connection }) { touched.append(connection) }
            }
            loops[place].hear(of: handed)
        }
        for connection in touched { try work(connection, of: place) }
    }

    private func answer(_ connection: SimulatedConnection, _ context: RequestContext) throws {
        let posting = connection.posting
        guard let ending = connection.pending.ending else { return }
        var response = Response()
        Router.answer(connection.pending.tally, ending, of: connection.pending.head, context, &response)
        if response.isWithheld { return note("posting \(posting.number) gets no answer") }
        let answer = SimulatedAnswer(response)
        counts.statuses[answer.status, default: 0] += 1
        note(
            "posting \(posting.number) is answered \(answer.status), accepted: \(answer.acceptedCount ?? 0)"
        )
        try answer.check(connection)
        posting.isPutOff = answer.status >= 500
        // It may be lost on its way.
        if random.chance(4, in: 5) && answer.status < 500 { posting.isAnswered = true }
    }

    /// The status of a frame for a client. What is served must be the frame that was there.
    func status(of id: UInt64, in catalog: FrameCatalog) throws -> UInt16 {
        let octets = Array("GET /\(id) HTTP/1.1\r\nHost: example.org\r\n\r\n".utf8)
        var head = RequestHead()
        try head.parse(octets.span)
        var response = Response()
        _ = Router.route(head, octets.span, context(of: 0, catalog: catalog), from: Requester(), &response)
        if response.status == 200, case .mapped(let file, let range) = response.content,
            let before = account.frames[id], file.octets.extracting(range).copied() != before
        {
            throw Violation(description: "frame \(id) is served with other octets than before")
        }
        return response.status
    }

    /// Reads a frame as a client does: 200 and its octets, or 410 where it was removed.
    func read(_ id: UInt64, in catalog: FrameCatalog) throws {
        let octets = Array("GET /\(id) HTTP/1.1\r\nHost: example.org\r\n\r\n".utf8)
        var head = RequestHead()
        try head.parse(octets.span)
        var response = Response()
        _ = Router.route(head, octets.span, context(of: 0, catalog: catalog), from: Requester(), &response)
        if store.wasRetired(id: id) {
            if response.status != 410 {
                throw Violation(description: "removed frame \(id) is \(response.status)")
            }
            return
        }
        guard response.status == 200, case .mapped(let file, let range) = response.content,
            file.octets.extracting(range).copied() == account.frames[id]
        else {
            throw Violation(description: "frame \(id) is answered \(response.status), or with other octets")
        }
    }
}
