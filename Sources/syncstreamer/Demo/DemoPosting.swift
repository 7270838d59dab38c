import HTTPClient
import Posix

/// Posts readings, and survives a server that is away for a while.
struct DemoPosting {
    private let server: RemoteServer
    private let secret: String?
    private var backoff = Backoff()
    private(set) var acceptedCount: UInt64 = 0
    private(set) var lostCount: UInt64 = 0
    /// The last failure that may pass.
    private(set) var lastFailure: String?

    init(to server: RemoteServer, secret: String?) {
        self.server = server
        self.secret = secret
    }

    /// What was done, for the end.
    var summary: String {
        let posted = "posted \(Quantities.count(acceptedCount, "item")) to \(server.base.text)"
        return lostCount == 0 ? posted : posted + ", lost \(lostCount)"
    }

    /// Counts ticks for which there was no time.
    mutating func missed(_ ticks: UInt64, of channelCount: Int) {
        lostCount += ticks * UInt64(channelCount)
    }

    /// Posts each reading to its channel, one after the other over one connection.
    ///
    /// - Throws: a refusal that trying again won't change.
    mutating func post(
        _ readings: [(channel: String, json: [UInt8])], nowMilliseconds: UInt64,
        unless isCancelled: () -> Bool
    ) throws {
        if backoff.isFailing && nowMilliseconds < backoff.retryMilliseconds {
            lostCount += UInt64(readings.count)
            return
        }
        for (index, reading) in readings.enumerated() {
            let item = PostedItem(
                channel: reading.channel, contentType: "application/json", data: reading.json)
            do {
                _ = try server.post(item, secret: secret, unless: isCancelled)
                acceptedCount += 1
                if backoff.succeeded() { Lines.say("the server is back; posting goes on") }
            } catch let error as HTTPClientError where error.kind == .cancelled {
                return
            } catch let refusal as ServerRefusal where !refusal.isPassing {
                throw refusal
            } catch {
                lostCount += UInt64(readings.count - index)
                lastFailure = "\(error)"
                let wait = (error as? ServerRefusal)?.retryAfterSeconds ?? 0
                let now = Clock.monotonicMilliseconds()
                if backoff.failed(nowMilliseconds: now, atLeast: wait &* 1000) {
                    Lines.say("\(error); trying again until it works")
                }
                return
            }
        }
    }
}
