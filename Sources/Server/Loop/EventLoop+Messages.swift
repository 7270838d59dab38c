import Bytes
import FrameLog
import HTTP
import Posix
import TLS

// What other threads have to say to a loop.

extension EventLoop {
    func readMailbox() {
        mailbox.take(into: &messages)
        // Taken out one by one, so that no copy of a batch is left to share its memory with.
        messages.reverse()
        while let message = messages.popLast() { handle(message) }
    }

    private func handle(_ message: consuming LoopMessage) {
        switch consume message {
        case .decided(var batch):
            workspace.undecidedByteCount -= batch.byteCount
            workspace.undecidedCount -= batch.count
            decide(batch)
            heardOfCommit = max(heardOfCommit, batch.decidedInCommit)
            batch.removeAll()
            spareBatches.append(batch)
            wakeWaiting()
        // Its arrival has begun the turn, which looks.
        case .published: break
        case .items(let blocks): hand(out: blocks)
        case .reload(let context, let secrets):
            tls = context
            turn.context.secrets = secrets
        case .readiness(let readiness): turn.context.readiness = readiness
        case .drain: drain()
        case .stop: isStopping = true
        }
    }

    /// Answers from the newest catalogue from now on, and has those go on who wait for a frame.
    func takeCatalog() {
        let newest = turn.context.catalog.frames.last?.startTimestamp
        turn.context.catalog = snapshot.value
        if workspace.followerCount == 0 || snapshot.value.frames.last?.startTimestamp == newest { return }
        // A list of them would have to be kept for each that comes and goes; a look at all is a matter of
        // microseconds, once a frame.
        for slot in 0..<connections.slotCount {
            if let connection = connections.element(inSlot: slot), connection.awaitsFrames {
                makeReady(connection)
            }
        }
    }

    private func hand(out blocks: [ItemEvents.Block]) {
        for block in blocks {
            for token in workspace.feeds.append(block) {
                if let connection = connections.element(at: token) { makeReady(connection) }
            }
        }
    }

    /// Tells each upload what became of its items; those of one stand together in a batch.
    private func decide(_ batch: borrowing ItemBatch) {
        var next = 0
        while next < batch.count {
            let ticket = batch.outcomes[next].ticket
            // Nil where its connection has closed.
            let entry = workspace.uploads.element(at: ticket)
            repeat {
                let (verdict, byteCount) = (batch.outcomes[next].verdict, batch.payloadByteCount(at: next))
                workspace.metrics.count(verdict, byteCount: byteCount)
                entry?.upload.decide(
                    verdict, byteCount: byteCount, nowMilliseconds: turn.context.nowMilliseconds)
                next += 1
            } while next < batch.count && batch.outcomes[next].ticket == ticket
            if let entry, let connection = connections.element(at: entry.connection) {
                settle(connection, connection.work(&workspace, turn))
            }
        }
    }

    /// The writer has taken a load off: those who waited for that go on.
    private func wakeWaiting() {
        if workspace.waitingForQueue.isEmpty || workspace.isQueueFull { return }
        let waiting = workspace.waitingForQueue
        workspace.waitingForQueue.removeAll(keepingCapacity: true)
        for token in waiting {
            if let connection = connections.element(at: token) { makeReady(connection) }
        }
    }

    private func drain() {
        turn.isDraining = true
        turn.context.readiness = .draining
        acceptors.removeAll()
        for slot in 0..<connections.slotCount {
            guard let connection = connections.element(inSlot: slot) else { continue }
            if connection.isIdle {
                settle(connection, connection.sayGoodbye(&workspace, turn))
            } else {
                settle(connection, connection.drain(&workspace, turn))
            }
        }
    }
}
