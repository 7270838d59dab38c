// What the simulated clients send.
import Bytes
import Compression
import SeededGenerator
import SimulatedStorage

/// An item, known by its octets, which no other posting's item has.
final class PostedItem {
    /// One time that the log was given the item, and what it said of it.
    final class Sending {
        enum State: Equatable, CustomStringConvertible {
            /// Nobody was told: it may be in a frame or not.
            case unknown
            case accepted(frame: UInt64)
            case refused
            /// Refused for a reason that passes.
            case putOff

            var description: String {
                switch self {
                case .unknown: "nothing"
                case .accepted(let frame): "frame \(frame)"
                case .refused: "no frame"
                case .putOff: "no frame for now"
                }
            }
        }

        var state = State.unknown
        let timestamp: UInt64

        init(timestamp: UInt64) { self.timestamp = timestamp }
    }

    let octets: [UInt8]
    /// The device's own time; nil for the server's.
    let timestamp: UInt64?
    /// It is JSON where it must be, and not too large.
    let isFit: Bool
    var sendings: [Sending] = []
    /// An answer has said that it is stored, without saying where.
    var isAcknowledged = false
    /// Where it was found: the frame, and the place in its channel there.
    var places: [(frame: UInt64, index: Int)] = []

    init(octets: [UInt8], timestamp: UInt64?, isFit: Bool) {
        self.octets = octets
        self.timestamp = timestamp
        self.isFit = isFit
    }

    var acceptedCount: Int {
        sendings.count { if case .accepted = $0.state { true } else { false } }
    }
    var unknownCount: Int { sendings.count { $0.state == .unknown } }
    /// Whoever sends it once more under its key, to its end, has it stored. Not where nobody was told what
    /// became of it: the log may have refused it for good, by its time or its type, and have stored what
    /// came behind it.
    var isOwed: Bool { isFit && !sendings.contains { $0.state == .refused || $0.state == .unknown } }
}

/// An Idempotency-Key, and until when the server surely knows it.
final class PostedKey {
    /// What clients are promised, behind the window of the last item that is stored.
    static let keptMilliseconds: UInt64 = 300_000

    let text: String
    /// By the frame clock.
    var goodUntil: UInt64 = .max
    /// Its time was over once, so what is sent again may be stored again.
    var mayBeForgotten = false

    init(_ text: String) { self.text = text }
}

/// What a client wants to have stored, and sends until it knows that it is.
final class Posting {
    enum Form: CaseIterable {
        case json, octets, lines, records

        var type: String {
            switch self {
            case .json: "application/json"
            case .octets: "application/octet-stream"
            case .lines: "application/x-ndjson"
            case .records: "application/vnd.syncstreamer.items"
            }
        }
        var channelType: String { self == .json || self == .lines ? "application/json" : Form.octets.type }
        var isStream: Bool { self == .lines || self == .records }
    }

    /// What the server takes as one item.
    static let itemByteCountMax = 1_000

    let number: Int
    let channel: String
    let form: Form
    let key: PostedKey?
    let isGzip: Bool
    let wantsMinimal: Bool
    let items: [PostedItem]
    /// The client has read an answer that ends the matter.
    var isAnswered = false
    /// The last answer said that it may be taken later.
    var isPutOff = false
    var attemptCount = 0

    init(_ number: Int, now: UInt64, duration: UInt64, key: PostedKey?, from random: inout SeededGenerator) {
        let form = Form.allCases.randomElement(using: &random)!
        // A channel has one type, but some client's doesn't keep to it.
        let type = random.chance(1, in: 10) ? "shared" : form.channelType.suffix(4)
        let channel = "channel-\(type)-\(Int.random(in: 0..<3, using: &random))"
        let count = form.isStream ? Int.random(in: 1...(random.chance(1, in: 5) ? 30 : 6), using: &random) : 1
        let hasDeviceTime =
            form == .records ? random.chance(2, in: 3) : !form.isStream && random.chance(1, in: 4)
        self.number = number
        self.channel = channel
        self.form = form
        self.key = key
        isGzip = random.chance(1, in: 4)
        wantsMinimal = random.chance(1, in: 6)
        items = (0..<count).map { index in
            let isJSON = form == .json || form == .lines
            let octets = Self.octets("\(number)-\(index)", isJSON: isJSON, &random)
            let isStamped = hasDeviceTime && random.chance(3, in: 4)
            return PostedItem(
                octets: octets, timestamp: isStamped ? Self.deviceTime(now, duration, &random) : nil,
                isFit: octets.count <= Self.itemByteCountMax
                    && (!isJSON || octets.last == UInt8(ascii: "}")))
        }
    }

    /// The head of a request that sends it.
    var head: String {
        var head = "POST /channel/\(channel)"
        if !form.isStream, let timestamp = items[0].timestamp { head += "?timestamp=\(timestamp)" }
        head += " HTTP/1.1\r\nHost: example.org\r\nAuthorization: Bearer secret\r\n"
        head += "Content-Type: \(form.type)\r\n"
        if let key { head += "Idempotency-Key: \(key.text)\r\n" }
        if isGzip { head += "Content-Encoding: gzip\r\n" }
        if wantsMinimal { head += "Prefer: return=minimal\r\n" }
        return head + "\r\n"
    }

    /// The body as it is sent.
    func body() throws -> [UInt8] {
        var body: [UInt8] = []
        for item in items {
            if form == .records {
                body.append(bigEndian: item.timestamp ?? 0)
                body.append(bigEndian: UInt64(item.octets.count))
            }
            body += item.octets
            if form == .lines { body += Array("\n".utf8) }
        }
        if !isGzip { return body }
        var encoder = try GzipEncoder(level: 1)
        var coded = Buffer()
        encoder.update(body.span, into: &coded)
        encoder.finish(into: &coded)
        return coded.octets.copied()
    }

    private static func octets(
        _ name: String, isJSON: Bool, _ random: inout SeededGenerator
    ) -> [UInt8] {
        var count = Int.random(in: 0..<60, using: &random)
        if random.chance(1, in: 8) { count = Int.random(in: 200..<900, using: &random) }
        if random.chance(1, in: 60) { count = 1_100 }
        let padding = String(repeating: "x", count: count)
        if !isJSON { return Array("\(name) \(padding)".utf8) }
        // Some are no JSON, and must be in no frame.
        return Array(
            "{\"item\":\"\(name)\",\"padding\":\"\(padding)\"\(random.chance(1, in: 25) ? "" : "}")".utf8)
    }

    /// Mostly good times, and late and future ones.
    private static func deviceTime(
        _ now: UInt64, _ duration: UInt64, _ random: inout SeededGenerator
    ) -> UInt64 {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: now - min(now, duration * UInt64.random(in: 1...12, using: &random))
        case 1: now + duration * UInt64.random(in: 1...3, using: &random)
        case 2: now + UInt64.random(in: 0...duration, using: &random)
        default: now - min(now, UInt64.random(in: 0...duration, using: &random))
        }
    }
}

extension SeededGenerator {
    /// True so many times in that many.
    mutating func chance(_ count: Int, in total: Int) -> Bool {
        Int.random(in: 0..<total, using: &self) < count
    }
}
