// Support for tests of connections: one without TLS over a socket pair, whose turns are called as the loop
// calls them, and whose clock the test moves. And HTTP/2's frames by hand (RFC 9113 section 4, RFC 7541).

import Bytes
import Glibc
import HTTP
import HTTP2
import Logging
import Posix
import Testing

@testable import Server

/// A connection, the peer's end of its socket, and the loop's memory.
struct ConnectionRig: ~Copyable {
    let connection: Connection
    var workspace = Workspace()
    var limits = ConnectionLimits()
    /// Milliseconds of the monotonic clock.
    var now: UInt64 = 0
    private let peer: Descriptor

    init(
        limits: ConnectionLimits = ConnectionLimits(), isHTTP2: Bool = false, service: Service = .streaming
    ) throws {
        var numbers: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        // SAFETY: socketpair fills the two integers it is given.
        let code = unsafe socketpair(AF_UNIX, kind, 0, &numbers)
        precondition(code == 0, "a test has two descriptors")
        peer = Descriptor(owning: numbers[1])
        self.limits = limits
        let address = try #require(SocketAddress(host: "127.0.0.1", port: 1))
        connection = Connection(
            descriptor: Descriptor(owning: numbers[0]), token: 0, network: address.network,
            service: service, records: RecordLayer(), limits: RequestLimits(), now: 0, timeouts: limits)
        if !isHTTP2 { return }
        connection.exchange = HTTP2Exchange(limits: HTTP2Limits(), requestLimits: RequestLimits())
        send(Frames.preface)
    }

    private var turn: Turn {
        Turn(
            monotonic: now, context: Site().context, limits: limits, requestLimits: RequestLimits(),
            http2Limits: HTTP2Limits(), logger: Logger(label: "test"))
    }

    /// The peer sends octets, and the connection takes them.
    mutating func send(_ octets: [UInt8]) {
        guard case .octets(octets.count) = peer.send(octets.span) else {
            preconditionFailure("a socket takes a few octets")
        }
        #expect(connection.readable(&workspace, turn) != .close)
    }

    mutating func send(_ text: String) { send(Array(text.utf8)) }

    /// Another turn without an event.
    mutating func work() -> Connection.Outcome { connection.work(&workspace, turn) }

    /// What the peer can read.
    mutating func sent() -> [UInt8] {
        var buffer = Buffer()
        while case .octets = peer.receive(into: &buffer, octetsMax: 1 << 16) {}
        return buffer.octets.copied()
    }

    mutating func frames() -> [Frames.Frame] { Frames.all(in: sent()) }

    /// Lets time pass; whether a limit is over then.
    mutating func isOverdue(at milliseconds: UInt64) -> Bool {
        now = milliseconds
        return connection.isOverdue(now: now, limits: limits)
    }

    mutating func timeOut() -> Connection.Outcome { connection.timeOut(&workspace, turn) }

    mutating func drain() { _ = connection.drain(&workspace, turn) }

    /// How often a limit of a kind was over.
    func timeouts(_ kind: ConnectionTimeout) -> UInt64 { workspace.metrics.timeouts[Int(kind.rawValue)] }
}

/// Frames of a client by hand.
enum Frames {
    struct Frame: Equatable {
        let type: UInt8
        let flags: UInt8
        let stream: UInt8
        let payload: [UInt8]
    }

    /// The preface, and both sides' settings acknowledged.
    static let preface =
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, []) + frame(4, flags: 1, 0, [])
    static let ping = frame(6, 0, [UInt8](repeating: 1, count: 8))

    static func frame(_ type: UInt8, flags: UInt8 = 0, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let count = payload.count
        return [
            UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags, 0, 0, 0, stream,
        ]
            + payload
    }

    /// The start page, which has some content.
    static func get(_ stream: UInt8) -> [UInt8] {
        frame(1, flags: 5, stream, [0x82, 0x87, 0x84] + literal(1, "localhost"))
    }

    /// A request for a path.
    static func get(_ stream: UInt8, path: String) -> [UInt8] {
        frame(1, flags: 5, stream, [0x82, 0x87] + literal(4, path) + literal(1, "localhost"))
    }

    /// The head of an upload: NDJSON is a stream, and anything else one item.
    static func post(_ stream: UInt8, _ type: String, coding: String? = nil) -> [UInt8] {
        // The names' places in the static table (RFC 7541 appendix A).
        let fields =
            literal(4, "/channel/a") + literal(1, "localhost") + literal(31, type)
            + literal(23, "Bearer \(Site.secret)")
            + (coding.map { literal(26, $0) } ?? [])
        return frame(1, flags: 4, stream, [0x83, 0x87] + fields)
    }

    static func content(_ stream: UInt8, _ text: String) -> [UInt8] { frame(0, stream, Array(text.utf8)) }

    static func windowUpdate(_ stream: UInt8, _ byteCount: UInt8) -> [UInt8] {
        frame(8, stream, [0, 0, 0, byteCount])
    }

    /// The window that new streams have, and by how much that of open ones changes.
    static func window(_ byteCount: UInt8) -> [UInt8] { frame(4, 0, [0, 4, 0, 0, 0, byteCount]) }

    static func all(in octets: [UInt8]) -> [Frame] {
        var frames: [Frame] = []
        var rest = octets[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let end = 9 + (Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2]))
            frames.append(
                Frame(
                    type: head[3], flags: head[4], stream: head[8],
                    payload: Array(rest.prefix(end).dropFirst(9))))
            rest = rest.dropFirst(end)
        }
        return frames
    }

    /// A field whose name is in the static table, without indexing.
    private static func literal(_ name: UInt8, _ value: String) -> [UInt8] {
        (name < 15 ? [name] : [15, name - 15]) + [UInt8(value.utf8.count)] + Array(value.utf8)
    }
}
