import Bytes
import FrameLog
import HTTP
import Logging
import Posix
import TLS

/// One thread's event loop: its own listeners, its own poller, its own connections for their whole life.
///
/// A turn: wait, accept, serve what is readable or writable, go on with what was left over, hand the turn's
/// items to the log, and now and then look at deadlines. Work a turn is bounded, so no connection can starve
/// another.
final class EventLoop {
    /// Tokens from here up are the loop's own: the mailbox, then the listeners.
    private static let ownTokensFrom: UInt64 = 1 << 63
    private static let mailboxToken = ownTokensFrom

    private let index: Int
    let mailbox: Mailbox<LoopMessage>
    private let writer: Mailbox<WriterMessage>
    private let ledgers: ConnectionLedgers
    private let catalog: CatalogCell
    var snapshot: Snapshot<FrameCatalog>

    private var poller: Poller
    var acceptors: [Acceptor] = []
    var connections = SlotTable<Connection>()
    var workspace: Workspace
    var turn: Turn
    var tls: TLSContext
    private let ticketKeys: TicketKeys
    private var frameClock: FrameClock

    /// Connections that can go on without an event.
    private var ready: [UInt64] = []
    private var readyBefore: [UInt64] = []
    var messages: [LoopMessage] = []
    var spareBatches: [ItemBatch] = []
    /// The latest commit of the log's whose outcomes have come back.
    var heardOfCommit: UInt64 = 0
    private var nextTickAt: UInt64 = 0
    private var sweepQuarter = 0
    var isStopping = false

    init(
        index: Int, mailbox: Mailbox<LoopMessage>, writer: Mailbox<WriterMessage>,
        ledgers: ConnectionLedgers, uploadByteCountMax: Int, following: FollowLimits, catalog: CatalogCell,
        tls: TLSContext, ticketKeys: TicketKeys, turn: consuming Turn, frameClock: FrameClock,
        watch: ChannelWatch? = nil, access: AccessLines? = nil
    ) throws {
        self.index = index
        self.mailbox = mailbox
        self.writer = writer
        self.ledgers = ledgers
        self.catalog = catalog
        snapshot = catalog.current()
        self.tls = tls
        self.ticketKeys = ticketKeys
        self.turn = turn
        self.frameClock = frameClock
        workspace = Workspace(memory: UploadMemory(byteCountMax: uploadByteCountMax))
        workspace.access = access
        workspace.feeds = ChannelFeeds(loop: index, watch: watch, limits: following)
        workspace.batch.begin(loop: UInt32(index), heardOfCommit: 0)
        poller = try Poller(eventsMax: TurnLimits.eventsMax)
        try poller.add(mailbox.wake.descriptor, token: Self.mailboxToken, interest: .read)
    }

    /// Takes over a listener; before `run`.
    func add(_ listener: consuming Listener, serving service: Service) throws {
        let token = Self.mailboxToken + 1 + UInt64(acceptors.count)
        let acceptor = Acceptor(listener: listener, service: service, token: token)
        try poller.add(acceptor.listener.descriptor, token: token, interest: .read)
        acceptors.append(acceptor)
    }

    /// Runs until told to stop, or, when draining, until the last connection has ended.
    func run() {
        while !isStopping {
            let count = poller.wait(timeoutMilliseconds: timeout())
            startTurn()
            for position in 0..<count { dispatch(poller.event(at: position)) }
            serveReady()
            submitBatch()
            if turn.monotonic >= nextTickAt { tick() }
            let now = Clock.monotonicMicroseconds()
            workspace.metrics.turns.observe(microseconds: now - turn.monotonicMicroseconds)
            if turn.isDraining && connections.count == 0 { isStopping = true }
        }
        closeAll()
    }

    private func timeout() -> Int32 {
        if !ready.isEmpty { return 0 }
        if connections.count == 0 && acceptors.allSatisfy({ !$0.isPaused }) {
            publishMetrics()
            return -1
        }
        let now = Clock.monotonicMilliseconds()
        return nextTickAt <= now ? 0 : Int32(clamping: nextTickAt - now)
    }

    private func startTurn() {
        turn.monotonicMicroseconds = Clock.monotonicMicroseconds()
        turn.monotonic = turn.monotonicMicroseconds / 1000
        let wall = Clock.wallMicroseconds()
        turn.context.receivedMicroseconds = wall
        turn.context.nowMilliseconds = frameClock.reading(wall / 1000)
        workspace.dates.update(wallMilliseconds: wall / 1000)
        workspace.access?.update(wallMilliseconds: wall / 1000)
        if catalog.refresh(&snapshot) { takeCatalog() }
    }

    private func dispatch(_ event: Poller.Event) {
        if event.token >= Self.ownTokensFrom {
            if event.token == Self.mailboxToken { return readMailbox() }
            // A drain may have closed the listeners in this very turn.
            let position = Int(event.token - Self.mailboxToken - 1)
            return position < acceptors.count ? accept(on: acceptors[position]) : ()
        }
        guard let connection = connections.element(at: event.token) else { return }
        if event.isWritable && connection.isWaitingForRoom {
            settle(connection, connection.writable(&workspace, turn))
        } else if event.isReadable && connection.interest == .read || event.isHangUp {
            settle(connection, connection.readable(&workspace, turn))
        }
    }

    // MARK: Accepting

    private func accept(on acceptor: Acceptor) {
        for _ in 0..<TurnLimits.acceptsMax {
            switch acceptor.listener.accept() {
            case .connection(let descriptor, from: let peer): open(descriptor, peer, acceptor.service)
            case .failed: continue
            case .wouldBlock: return
            case .exhausted: return pause(acceptor)
            }
        }
    }

    private func open(_ descriptor: consuming Descriptor, _ peer: SocketAddress, _ service: Service) {
        // Over a limit the descriptor closes here: those that are connected keep their service.
        if let refusal = ledgers[service].admit(peer.network) {
            workspace.metrics.refusedConnections[Int(refusal.rawValue)] += 1
            return
        }
        workspace.metrics.acceptedConnections += 1
        let token = connections.makeToken()
        do {
            let records = service.isEncrypted ? RecordLayer(context: tls) : RecordLayer()
            let connection = Connection(
                descriptor: descriptor, token: token, network: peer.network,
                peerText: workspace.access == nil ? [] : Array(peer.host.utf8), service: service,
                records: records, limits: turn.requestLimits, now: turn.monotonic, timeouts: turn.limits)
            try poller.add(connection.descriptor, token: token, interest: .read)
            connections.insert(connection, at: token)
        } catch {
            connections.remove(at: token)
            ledgers[service].release(peer.network)
            turn.logger.error("a connection could not be set up", metadata: ["error": "\(error)"])
        }
    }

    /// Stops to watch a listener while there is no descriptor to be had: a level-triggered event that can't
    /// be worked off would spin. The next tick, or the next connection that closes, tries again.
    private func pause(_ acceptor: Acceptor) {
        if acceptor.isPaused { return }
        acceptor.isPaused = true
        workspace.metrics.refusedConnections[Int(ConnectionRefusal.descriptors.rawValue)] += 1
        turn.logger.warning(
            "no descriptor for one more connection; accepting pauses",
            metadata: ["open": "\(connections.count)"])
        changeInterest(of: acceptor, to: .none)
    }

    private func resumeAccepting() {
        for acceptor in acceptors where acceptor.isPaused {
            acceptor.isPaused = false
            changeInterest(of: acceptor, to: .read)
        }
    }

    private func changeInterest(of acceptor: Acceptor, to interest: Poller.Interest) {
        do {
            try poller.modify(acceptor.listener.descriptor, token: acceptor.token, interest: interest)
        } catch {
            preconditionFailure("a watched descriptor can be watched otherwise: \(error)")
        }
    }

    // MARK: Connections

    func settle(_ connection: Connection, _ outcome: Connection.Outcome) {
        // Not only at the turn's end: many large uploads may end in the same turn.
        if workspace.batch.byteCount >= TurnLimits.batchByteCountMax { submitBatch() }
        switch outcome {
        case .close: return close(connection)
        case .again: makeReady(connection)
        case .keep where turn.isDraining && connection.isIdle && !connection.isClosing:
            return settle(connection, connection.sayGoodbye(&workspace, turn))
        case .keep: break
        }
        let wanted = connection.wanted
        if wanted == connection.interest { return }
        connection.interest = wanted
        do {
            try poller.modify(connection.descriptor, token: connection.token, interest: wanted)
        } catch {
            preconditionFailure("a watched descriptor can be watched otherwise: \(error)")
        }
    }

    /// Goes on with those that can, one after the other, for so long as a turn may take; the others come
    /// first in the next turn.
    private func serveReady() {
        if ready.isEmpty { return }
        swap(&ready, &readyBefore)
        let until = Clock.monotonicMicroseconds() + TurnLimits.readyMicroseconds
        var served = 0
        while served < readyBefore.count {
            let token = readyBefore[served]
            served += 1
            guard let connection = connections.element(at: token), connection.isReady else { continue }
            connection.isReady = false
            settle(connection, connection.work(&workspace, turn))
            if Clock.monotonicMicroseconds() >= until { break }
        }
        if served < readyBefore.count { ready.insert(contentsOf: readyBefore[served...], at: 0) }
        readyBefore.removeAll(keepingCapacity: true)
    }

    func makeReady(_ connection: Connection) {
        if connection.isReady { return }
        connection.isReady = true
        ready.append(connection.token)
    }

    private func close(_ connection: Connection) {
        connection.abandonRequests(&workspace)
        connections.remove(at: connection.token)
        ledgers[connection.service].release(connection.network)
        // The descriptor closes with the connection's last reference; the poller forgets it then.
        if acceptors.contains(where: { $0.isPaused }) { resumeAccepting() }
    }

    private func closeAll() {
        for slot in 0..<connections.slotCount {
            if let connection = connections.element(inSlot: slot) { close(connection) }
        }
        workspace.access?.handOver()
    }

    // MARK: Time

    /// Looks at the deadlines of a quarter of the connections.
    private func tick() {
        nextTickAt = turn.monotonic + TurnLimits.tickMilliseconds
        sweepQuarter = (sweepQuarter + 1) % TurnLimits.ticksPerSweep
        for slot in stride(from: sweepQuarter, to: connections.slotCount, by: TurnLimits.ticksPerSweep) {
            if let connection = connections.element(inSlot: slot),
                connection.isOverdue(now: turn.monotonic, limits: turn.limits)
            {
                settle(connection, connection.timeOut(&workspace, turn))
            }
        }
        resumeAccepting()
        publishMetrics()
        ticketKeys.rotate(nowMilliseconds: turn.monotonic)
    }

    private func publishMetrics() {
        workspace.metrics.openConnections = UInt64(connections.count)
        workspace.noteLevels()
        turn.context.metrics.publish(workspace.metrics, of: index)
        workspace.access?.handOver()
    }

    /// Hands the turn's items so far to the log's writer.
    private func submitBatch() {
        if workspace.batch.isEmpty { return }
        let full = workspace.batch
        workspace.batch = spareBatches.popLast() ?? ItemBatch()
        workspace.batch.begin(loop: UInt32(index), heardOfCommit: heardOfCommit)
        workspace.undecidedByteCount += full.byteCount
        workspace.undecidedCount += full.count
        writer.post(.append(consume full, loop: index))
    }
}
