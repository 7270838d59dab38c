import Bytes
import HTTPClient
import Posix
import TLS

/// Posts batches of items one after the other, each until the server has acknowledged it.
///
/// A batch has a key of its own, so that one which is sent again after its answer was lost is stored once
/// (Idempotency-Key). The server remembers a key for five minutes after its items' window: where it is away
/// for longer, and it isn't known what it has stored, a batch is not sent again.
struct ItemPosting {
    private let server: RemoteServer
    private let secret: String?
    private let channel: String
    private let channelType: String?
    private let contentType: String
    private var delay = RetryDelay()
    private var generator = SystemRandomNumberGenerator()
    private var progress = ProgressBar()

    private(set) var acceptedCount: UInt64 = 0
    private(set) var rejectedCount: UInt64 = 0
    private(set) var lastFrame: String?

    init(
        to server: RemoteServer, secret: String?, channel: String, channelType: String?,
        form: ItemBatcher.Form
    ) {
        self.server = server
        self.secret = secret
        self.channel = channel
        self.channelType = channelType
        contentType =
            switch form {
            case .lines: "application/x-ndjson"
            case .records: "application/vnd.syncstreamer.items"
            }
    }

    /// Posts a batch, however long the server is away. Returns false where it was interrupted.
    ///
    /// - Throws: a refusal that trying again won't change, or `CommandFailure` where the server may have
    ///   forgotten by now what it has stored of the batch.
    mutating func post(_ batch: PostedBatch, until interruption: Interruption) throws -> Bool {
        let item = PostedItem(
            channel: channel, contentType: contentType, data: batch.octets, channelType: channelType,
            idempotencyKey: Hex.text(Random.octets(16).span))
        var hasFailed = false
        var lifetime = KeyLifetime()
        while true {
            let start = Clock.monotonicMilliseconds()
            let askedSeconds: UInt64?
            let reason: String
            do {
                let response = try server.post(item, secret: secret) { interruption.isRequested }
                if hasFailed { say("the server is back; posting goes on") }
                note(JSONValue(response.body.span), of: batch)
                delay.reset()
                return true
            } catch let error as HTTPClientError where error.kind == .cancelled {
                return false
            } catch let refusal as ServerRefusal where refusal.isOfItems {
                note(refusal.problem, of: batch)
                return true
            } catch let refusal as ServerRefusal where refusal.isPassing {
                if refusal.mayHaveStored { lifetime.noteDoubt(since: start) }
                (askedSeconds, reason) = (refusal.retryAfterSeconds, refusal.description)
            } catch let error as HTTPClientError where error.kind == .transfer {
                if error.mayHaveArrived { lifetime.noteDoubt(since: start) }
                (askedSeconds, reason) = (nil, error.description)
            }
            if !hasFailed { say("\(reason); trying again until it works, Ctrl-C ends it") }
            hasFailed = true
            let wait = delay.next(askedSeconds: askedSeconds, using: &generator)
            if lifetime.isOver(at: Clock.monotonicMilliseconds() + wait) { throw tooLate(batch, reason) }
            if interruption.wait(milliseconds: wait) { return false }
        }
    }

    private func tooLate(_ batch: PostedBatch, _ reason: String) -> CommandFailure {
        CommandFailure(
            "\(reason); items \(batch.firstItem) to \(batch.firstItem + batch.itemCount - 1) may be stored, "
                + "all or some, and are not sent again: the server knows only for five minutes which it has")
    }

    /// Takes the bar away.
    mutating func finish() { progress.finish() }

    private mutating func note(_ answer: JSONValue?, of batch: PostedBatch) {
        acceptedCount += answer?["accepted"]?.natural ?? 0
        let rejected = answer?["rejectedCount"]?.natural ?? 0
        rejectedCount += rejected
        lastFrame = answer?["frame"]?.text ?? lastFrame
        for rejection in answer?["rejected"]?.elements ?? [] {
            let number = batch.firstItem + (rejection["index"]?.natural ?? 0)
            let detail = rejection["detail"]?.text ?? "no reason given"
            say("item \(number) was refused: \(PlainText.text(detail))")
        }
        let listed = UInt64(answer?["rejected"]?.elements?.count ?? 0)
        if rejected > listed { say("and \(Quantities.count(rejected - listed, "more item")) with it") }
        let count = acceptedCount
        progress.update("\(Quantities.count(count, "item")) acknowledged")
    }

    private mutating func say(_ line: String) {
        progress.finish()
        Lines.say(line)
    }
}
