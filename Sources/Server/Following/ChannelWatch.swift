import Synchronization

/// Which loops want to hear of which channels' items. The loops say so, and the log's writer asks.
final class ChannelWatch: Sendable {
    private let loops = Mutex<[[UInt8]: [Int]]>([:])
    private let channelCount = Atomic<Int>(0)

    /// Whether nobody follows any channel: one load, which is all that items cost then. Any thread.
    var isEmpty: Bool { channelCount.load(ordering: .relaxed) == 0 }

    /// From the next commit on the loop hears of the channel's items. Any thread.
    func add(_ channelID: [UInt8], loop: Int) { change(channelID) { $0.append(loop) } }

    /// The loop has heard enough. Any thread.
    func remove(_ channelID: [UInt8], loop: Int) { change(channelID) { $0.removeAll { $0 == loop } } }

    /// The loops that follow a channel.
    func loops(of channelID: [UInt8]) -> [Int] { loops.withLock { $0[channelID] ?? [] } }

    private func change(_ channelID: [UInt8], _ body: (inout [Int]) -> Void) {
        loops.withLock { loops in
            body(&loops[channelID, default: []])
            if loops[channelID]!.isEmpty { loops[channelID] = nil }
            channelCount.store(loops.count, ordering: .relaxed)
        }
    }
}
