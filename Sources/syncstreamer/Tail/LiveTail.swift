import HTTPClient
import Posix
import Synchronization

/// Prints the items of channels as they arrive: a connection and a thread for each channel.
enum LiveTail {
    /// How often the main thread looks for the end.
    private static let lookMilliseconds: UInt64 = 200

    /// Returns when the end has come.
    ///
    /// - Throws: what ended every channel, where nothing else did.
    static func run(_ channels: [String], makeServer: () throws -> RemoteServer, until end: TailEnd) throws {
        let state = LiveState(channelCount: channels.count)
        var threads: [Thread] = []
        defer {
            state.isEnding.store(true, ordering: .relaxed)
            for thread in threads { thread.join() }
        }
        for channel in channels {
            let tail = LiveChannel(channel, of: try makeServer(), state)
            threads.append(try Thread(name: "tail", owning: tail) { $0.run() })
        }
        while state.failedCount.load(ordering: .acquiring) < channels.count {
            if end.wait(milliseconds: lookMilliseconds) || state.isEnding.load(ordering: .relaxed) { return }
        }
        if let failure = state.failure.withLock({ $0 }) { throw CommandFailure(failure) }
    }
}

/// What the threads share.
final class LiveState: Sendable {
    /// Set where nothing is to be printed any more.
    let isEnding = Atomic<Bool>(false)
    /// Channels that trying again won't help.
    let failedCount = Atomic<Int>(0)
    /// Why the last of them failed.
    let failure = Mutex<String?>(nil)
    /// Held while a line is written, so that lines stay whole.
    private let output = Mutex<Void>(())

    init(channelCount: Int) {
        precondition(channelCount > 0, "there is something to wait for")
    }

    /// Prints a line; false where nobody reads any more.
    func write(_ line: [UInt8]) -> Bool {
        let isWritten = output.withLock { _ in
            StandardStreams.writeOutput(line.span, unless: { isEnding.load(ordering: .relaxed) })
        }
        if !isWritten { isEnding.store(true, ordering: .relaxed) }
        return isWritten
    }
}

/// One channel, followed by a thread of its own.
final class LiveChannel: ResponseSink {
    /// An event stream says something every 15 seconds.
    private static let stallTimeoutSeconds = 45
    /// The largest item that any server takes, in base 64, with its type.
    private static let eventByteCountMax = (1 << 30) / 3 * 4 + (64 << 10)

    private let channel: String
    private let server: RemoteServer
    private let state: LiveState
    private var patience: Patience
    private var events = EventStream(eventByteCountMax: LiveChannel.eventByteCountMax)
    private var hasBegun = false

    init(_ channel: String, of server: RemoteServer, _ state: LiveState) {
        self.channel = channel
        self.server = server
        self.state = state
        patience = Patience(PlainText.text(channel)) { milliseconds in
            let end = Clock.monotonicMilliseconds() + milliseconds
            while !state.isEnding.load(ordering: .relaxed) {
                let now = Clock.monotonicMilliseconds()
                if now >= end { return false }
                Pause.wait(milliseconds: min(end - now, 100))
            }
            return true
        }
    }

    func run() {
        while !state.isEnding.load(ordering: .relaxed) {
            do {
                try follow()
            } catch {
                do {
                    if try patience.hasEnded(after: error) { return }
                } catch {
                    Lines.say("\(PlainText.text(channel)): \(error)")
                    state.failure.withLock { $0 = "\(error)" }
                    state.failedCount.add(1, ordering: .acquiringAndReleasing)
                    return
                }
            }
        }
    }

    func begin(_ response: HTTPResponse) throws {
        guard response.value(of: "content-type")?.hasPrefix("text/event-stream") == true else {
            throw CommandFailure("the server has no event stream of this channel; leave out --live")
        }
        patience.succeeded()
        if hasBegun { say("items that came meanwhile are left out") }
        hasBegun = true
        events = EventStream(eventByteCountMax: Self.eventByteCountMax)
    }

    func take(_ octets: Span<UInt8>) throws {
        try events.take(octets) { event in
            // The event of an item has an id, whatever the channel's type is called.
            if event.id == nil && event.type.elementsEqual("lagged".utf8) {
                return say("items came faster than they are read; some are left out")
            }
            guard let line = ItemLine.line(of: event, channel: channel) else {
                return say("an event is no item: its data is not JSON")
            }
            if !state.write(line) { throw TailEnded() }
        }
    }

    /// Follows one connection to its end.
    private func follow() throws {
        let (request, response): (HTTPRequest, HTTPResponse)
        do {
            (request, response) = try server.get(
                ["channel", channel], fields: [("Accept", "text/event-stream")], into: self,
                stallTimeoutSeconds: Self.stallTimeoutSeconds
            ) { state.isEnding.load(ordering: .relaxed) }
        } catch is TailEnded {
            return
        }
        if !response.isSuccess { throw ServerRefusal(request, response) }
        // A stream that ended cleanly, such as one that lagged, is asked for again, but not in a circle.
        _ = patience.rest()
    }

    private func say(_ words: String) {
        Lines.say("\(PlainText.text(channel)): \(words)")
    }
}

/// Nobody reads any more.
private struct TailEnded: Error {}
