import Bytes
import HTTP
import Posix
import TLS

/// One accepted connection: its socket, its record layer, and where it stands between request and response.
///
/// It stays on the loop that accepted it and is touched by that loop's thread only. Its buffers hold memory
/// only while something waits in them, so an idle connection is its socket, its TLS session and this object.
final class Connection {
    /// What the next octets from the peer are.
    enum Phase {
        /// The TLS handshake is under way.
        case handshake
        /// A request's head is awaited, or has arrived in part.
        case head
        /// A request's body arrives, and its items go to the log.
        case body
        /// A request's body arrives and is dropped: its answer is out already.
        case discard
        /// An upload's body has ended, and its last items wait to be durable.
        case commit
        /// A request waits for what is still to come.
        case follow
        /// The last response is out; what the peer still sends is dropped, so that a reset can't destroy it.
        case linger
    }

    let descriptor: Descriptor
    /// Names this connection to the poller and the log: its slot and the slot's generation.
    let token: UInt64
    let network: SocketNetwork
    let service: Service
    /// The client's address for the access log; empty where there is none.
    let peerText: [UInt8]

    var records: RecordLayer
    /// Received, and not decrypted yet.
    var ciphertext = Buffer()
    /// Decrypted, and not parsed yet.
    var plaintext = Buffer()
    /// Encrypted, and not sent yet.
    var output = Buffer()

    /// Who the client is: its certificate is known once the handshake is complete.
    var requester: Requester
    var phase: Phase
    var scanner: HeadScanner
    var decoder = BodyDecoder(.none)
    /// The upload whose body is arriving or whose items wait to be durable.
    var pending: PendingUpload?
    /// Of the upload's items.
    var ticket: UInt64 = 0
    /// The upload's body was read to its end, so the next request begins behind it.
    var isBodyRead = false
    /// The request that waits for what is still to come.
    var follower: Follower?
    /// What is left to send of a response that did not fit into one turn.
    var remainder: ContentCursor?

    var interest: Poller.Interest = .read
    /// Stands in the loop's list of connections that can go on without an event.
    var isReady = false
    /// The peer has ended its direction; what it asked for is still answered.
    var isPeerDone = false
    /// The response under way is the last one.
    var isClosing = false
    /// After the last response, what the peer still sends has to be read and dropped.
    var mustLinger = false
    /// The last word of the record layer, close_notify, is out.
    var hasSaidGoodbye = false
    /// Octets dropped since the last response.
    var lingered = 0
    var deadlines: Deadlines
    /// A head has arrived in part, and its time limit runs.
    var isHeadUnderDeadline = false
    /// At least one request has come: from then on the connection may idle longer.
    var hasServed = false

    /// What there is instead of one request after the other where the peer speaks HTTP/2.
    var exchange: HTTP2Exchange?

    // Of the request under way.
    var isKeptAlive = false
    var isVersion10 = false
    var isHead = false

    init(
        descriptor: consuming Descriptor, token: UInt64, network: SocketNetwork, peerText: [UInt8] = [],
        service: Service, records: consuming RecordLayer, limits: RequestLimits, now: UInt64,
        timeouts: ConnectionLimits
    ) {
        self.descriptor = descriptor
        self.token = token
        self.network = network
        self.peerText = peerText
        requester = Requester(network: network, isTrusted: service == .trusted)
        self.service = service
        phase = records.isOpen ? .head : .handshake
        self.records = records
        scanner = HeadScanner(limits: limits)
        deadlines = Deadlines(acceptedAt: now, isOpen: phase == .head, timeouts: timeouts)
    }

    /// Nothing is under way: no request, no response, no octet that waits.
    var isIdle: Bool {
        phase == .head && plaintext.isEmpty && output.isEmpty && remainder == nil && ciphertext.isEmpty
            && exchange?.isIdle ?? true
    }

    /// Whether a request waits for a frame.
    var awaitsFrames: Bool {
        follower?.awaitsFrames ?? exchange?.followers.contains { $0.follower.awaitsFrames } ?? false
    }

    /// Whether a time limit is over.
    func isOverdue(now: UInt64, limits: ConnectionLimits) -> Bool {
        if deadlines.isOver(now: now, limits: limits) { return true }
        return exchange?.isOverdue(now: now, limits: limits, isSending: !output.isEmpty) ?? false
    }
}

/// Which set of routes a listener serves.
enum Service: Sendable {
    /// Frames and uploads, over TLS.
    case streaming
    /// The same without TLS.
    case plain
    /// The same without TLS, where posts need no secret.
    case trusted
    /// Readiness, for the operator, without TLS.
    case admin

    var isEncrypted: Bool { self == .streaming }
}
