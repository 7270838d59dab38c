import Bytes
import Compression
import FrameLog
import HTTP

/// An upload between its head and its answer: its content on the way to being items.
///
/// Content comes in as it was sent, is inflated where it is gzip, and cut into items, which go to the log as
/// soon as they are whole. How much it holds is bounded: what has come of one item, and a piece of what
/// follows it. It stays on its connection's loop.
final class PendingUpload {
    /// What the request's head has said.
    private(set) var head: Upload
    private(set) var tally = UploadTally()
    /// How the body ended; nil while it arrives.
    private(set) var ending: UploadEnding?
    /// It ended within an item.
    private(set) var hasLostItem = false
    /// When its head came, in microseconds of the monotonic clock.
    private(set) var startedAt: UInt64
    /// For the access log; empty where there is none.
    var accessPath: [UInt8] = []

    private var cutter: ItemCutter
    /// Content that is not cut yet. Grows with what has arrived, never by what a Content-Length promises.
    private var content = Buffer()
    /// What comes before the content where the body is gzip.
    private var gzip: GzipContent?
    private var isContentOver = false
    private let memory: UploadMemory
    /// What `memory` has noted of it.
    private var heldByteCount = 0

    /// Of the body so far; nil without a key.
    private var digest: BodyDigest?
    /// Which items are still to be sent; nil without a key, and until the log has said so.
    private var claim: KeyClaim?
    /// The log was asked for the claim and has not answered.
    private var isClaiming = false
    /// The log was told that the upload has ended and has not answered.
    private var isEnding = false
    /// Items that came again, and octets of them.
    private var repeated: (count: UInt64, byteCount: UInt64) = (0, 0)

    /// - Parameter memory: has room for what the upload holds from its head on.
    init(
        _ upload: Upload, memory: UploadMemory = UploadMemory(), startedAt: UInt64 = 0
    ) throws(CompressionError) {
        head = upload
        self.memory = memory
        self.startedAt = startedAt
        cutter = ItemCutter(of: upload)
        try begin()
    }

    /// Is another upload from now on: a loop uses those that are answered again, with their memory.
    func reuse(for upload: Upload, startedAt: UInt64) throws(CompressionError) {
        precondition(content.isEmpty && isDecided, "an upload that is under way is not another one")
        head = upload
        self.startedAt = startedAt
        cutter = ItemCutter(of: upload)
        tally = UploadTally()
        hasLostItem = false
        repeated = (0, 0)
        ending = nil
        accessPath.removeAll(keepingCapacity: true)
        gzip = nil
        isContentOver = false
        digest = nil
        claim = nil
        try begin()
    }

    /// It is answered, and waits to be used again: what it holds is no upload's.
    func rest() {
        memory.change(from: heldByteCount, to: 0)
        heldByteCount = 0
    }

    private func begin() throws(CompressionError) {
        if head.key != nil { digest = BodyDigest(seed: head.digestSeed.span) }
        if head.isGzip {
            let byteCountMax = head.body.isStream ? UInt64.max : UInt64(head.byteCountMax)
            gzip = try GzipContent(
                limits: InflateLimits(byteCountMax: byteCountMax, ratioMax: head.gzipRatioMax))
        }
        hold()
    }

    deinit { memory.change(from: heldByteCount, to: 0) }

    /// Whether so much is on its way to the log that more has to wait for the log.
    var isWaitingForLog: Bool {
        isClaiming || tally.inFlightByteCount >= UploadLimits.inFlightByteCountMax
            || tally.inFlightCount >= UploadLimits.inFlightItemsMax
    }

    /// Nothing is to come any more, and the log has decided on everything.
    var isDecided: Bool { ending != nil && tally.inFlightCount == 0 && !isClaiming && !isEnding }

    /// Takes octets of the body as they were sent. All that came before must have been worked off.
    func take(_ octets: Span<UInt8>) {
        hold(octets.count)
        if ending != nil { return }
        if head.isGzip { gzip!.take(octets) } else { content.append(copying: octets) }
    }

    /// The body has ended where it should.
    func finishContent() { isContentOver = true }

    /// The body ends here, for another reason than that it is whole. Items that are on their way stay so.
    func end(_ reason: UploadEnding) {
        if ending == nil {
            ending = reason
            if reason == .keyConflict { tally.discredit() }
            hasLostItem = !content.isEmpty || gzip?.isEmpty == false
            if !reason.isServersOwn { chargeForNothing() }
        }
        content.removeAll(keepingAtMost: UploadLimits.restByteCountMax)
        gzip = nil
        hold()
    }

    /// The log has decided on the oldest item that is on its way, or on the claim of the key, or knows of the
    /// end, which stands behind all items.
    func decide(_ verdict: ItemVerdict, byteCount: Int, nowMilliseconds: UInt64) {
        if isClaiming { return decideClaim(verdict, nowMilliseconds: nowMilliseconds) }
        if isEnding && tally.inFlightCount == 0 {
            isEnding = false
            return
        }
        tally.decide(verdict, byteCount: byteCount, nowMilliseconds: nowMilliseconds)
        if tally.refusal == .superseded {
            end(.superseded)
            ending = .superseded
        } else if tally.refusal != nil && head.body.isStream {
            end(.refused)
            // Also where the body was whole: an answer of success is for what was tried.
            ending = .refused
        }
    }

    /// Works off what has come: appends whole items to `batch`, and inflates one piece.
    ///
    /// - Returns: whether there is more to do without further octets.
    func work(
        into batch: inout ItemBatch, ticket: UInt64, _ context: borrowing RequestContext
    ) -> Bool {
        defer {
            trim()
            hold()
        }
        if let key = head.key, claim == nil, ending == nil, !isClaiming {
            batch.claim(key, ticket: ticket)
            isClaiming = true
            return false
        }
        submitItems(into: &batch, ticket: ticket, context)
        if ending != nil || isWaitingForLog { return false }
        if gzip?.isEmpty == false {
            inflate()
            return true
        }
        if !isContentOver { return false }
        if gzip?.isWhole == false {
            end(.corruptGzip)
        } else {
            submitItems(into: &batch, ticket: ticket, isEnd: true, context)
            if ending == nil && !isWaitingForLog { complete(into: &batch, ticket: ticket) }
        }
        return false
    }

    /// One piece a call, so that a few octets can't take a loop's time for what they inflate to.
    private func inflate() {
        switch gzip!.inflate(into: &content, byteCountMax: UploadLimits.pieceByteCount) {
        case .needsInput, .needsRoom: break
        case .tooLarge: end(.tooLarge)
        case .tooDense: end(.tooDense)
        case .corrupt: end(.corruptGzip)
        }
    }

    private func submitItems(
        into batch: inout ItemBatch, ticket: UInt64, isEnd: Bool = false, _ context: borrowing RequestContext
    ) {
        while ending == nil && !isWaitingForLog {
            switch cutter.next(content.octets, isEnd: isEnd) {
            case .item(let range, let timestamp, let consumed):
                digest?.read(content.octets.extracting(first: consumed))
                digest?.endItem()
                if isBehindEnd { return end(.keyConflict) }
                if !charge(items: 1, byteCount: consumed) { return }
                submit(range, timestamp, into: &batch, ticket: ticket, context)
                content.consume(consumed)
                checkRepetition()
                if ending != nil { return }
                if !head.body.isStream { return end(.complete) }
            case .tooLarge(let consumed):
                digest?.read(content.octets.extracting(first: consumed))
                if !head.body.isStream { return end(.tooLarge) }
                if isBehindEnd { return end(.keyConflict) }
                if !charge(items: 1, byteCount: consumed) { return }
                content.consume(consumed)
                tally.rejectTooLarge("An item has at most \(head.byteCountMax) octets here.")
                checkRepetition()
            case .needsMore(let consumed):
                digest?.read(content.octets.extracting(first: consumed))
                // Blank lines, or the rest of an item that is too large.
                if consumed > 0 && !charge(items: 0, byteCount: consumed) { return }
                content.consume(consumed)
                return
            case .torn: return end(.tornRecord)
            }
        }
    }

    /// Hands an item to the log, unless it is none, or is there already.
    private func submit(
        _ range: Range<Int>, _ timestamp: UInt64?, into batch: inout ItemBatch, ticket: UInt64,
        _ context: borrowing RequestContext
    ) {
        if head.body.isJSON, let fault = JSONValidator.fault(in: content.octets.extracting(range)) {
            return tally.rejectInvalid("At octet \(fault.offset): \(fault.reason)")
        }
        if isRepeated { return tally.pass() }
        let stamp: ItemTimestamp
        if let timestamp = timestamp ?? head.deviceTimestamp {
            stamp = .device(timestamp)
        } else {
            stamp = .server(context.nowMilliseconds)
            head.receivedAt = context.nowMilliseconds
        }
        var place: KeyedPlace?
        if let claim, let key = head.key, let digest {
            place = KeyedPlace(
                key: key, claim: claim.number, index: tally.itemCount, digest: digest.value)
        }
        let (channelID, channelType) = (head.channelID, head.channelType)
        batch.append(
            channelID: channelID.span, channelType: channelType.span, timestamp: stamp,
            data: content.octets.extracting(range), ticket: ticket, isJSON: head.body.isJSON, place: place)
        tally.submit(byteCount: range.count)
    }
}

// What it costs.
extension PendingUpload {
    /// Notes what is held, with `more` octets to come. Where there is no room for them, the upload ends.
    private func hold(_ more: Int = 0) {
        var after = UploadMemory.uploadByteCount
        if ending == nil {
            let came = head.heldByteCount - head.promisedByteCount + content.count + (gzip?.count ?? 0) + more
            after = max(head.heldByteCount, came)
            // At the head whoever made it has asked for all that was promised.
            if heldByteCount > 0 && !memory.hasRoom(from: heldByteCount, to: after) {
                return end(.memoryFull)
            }
        }
        memory.change(from: heldByteCount, to: after)
        heldByteCount = after
    }

    /// Gives memory back that was for more than what is left: a stream may rest for hours.
    private func trim() {
        if content.capacity <= UploadLimits.restByteCountMax || content.count > content.capacity / 4 {
            return
        }
        var rest = Buffer()
        rest.append(contentsOf: content)
        content = rest
    }

    /// Charges what has come, whatever becomes of it; what came before, and was charged then, is only
    /// counted. False where that is more than may come now: then the upload ends.
    private func charge(items: UInt64, byteCount: Int) -> Bool {
        if isRepeated {
            repeated.count += items
            repeated.byteCount += UInt64(byteCount)
        } else if let refusal = head.meter?.charge(items: items, byteCount: UInt64(byteCount)) {
            end(.rateLimited(refusal))
            return false
        }
        return true
    }

    /// At the end: charges what was received for nothing, which is what is left of an item, and all that came
    /// again if nothing new came with it. A retry that goes on with an upload is not charged for the way to
    /// there, or one with more items than may come at once could never be finished.
    private func chargeForNothing() {
        var (count, byteCount) = tally.hasSubmitted ? (0, 0) : repeated
        if !content.isEmpty {
            count += head.body.isStream ? 0 : 1
            byteCount += UInt64(content.count)
        }
        if byteCount > 0 { head.meter?.owe(items: count, byteCount: byteCount) }
    }
}

// Uploads with a key: what was stored before is passed over, and must be what comes now.
extension PendingUpload {
    /// Whether the next item is one that the upload didn't have when it came to its end.
    private var isBehindEnd: Bool {
        claim?.progress.end.map { tally.itemCount >= $0.itemCount } ?? false
    }

    /// The body is whole: everything that is stored under the key has come again, and where the upload had
    /// come to its end before, nothing else; or it comes to its end now.
    private func complete(into batch: inout ItemBatch, ticket: UInt64) {
        guard let key = head.key, let claim, let digest else { return end(.complete) }
        if let known = claim.progress.end {
            if tally.itemCount != known.itemCount || digest.whole != known.digest { return end(.keyConflict) }
            tally.creditEnd(claim.progress)
            return end(.complete)
        }
        if tally.itemCount < claim.progress.through { return end(.keyConflict) }
        end(.complete)
        if tally.acceptedCount == 0 && tally.inFlightCount == 0 { return }
        isEnding = true
        batch.end(
            KeyedPlace(key: key, claim: claim.number, index: tally.itemCount, digest: digest.whole),
            ticket: ticket)
    }

    /// Whether the next item was decided on before.
    private var isRepeated: Bool { tally.itemCount < claim?.progress.decidedCount ?? 0 }

    /// At the item that was stored last: the body so far must be the one of then.
    private func checkRepetition() {
        guard let claim, tally.itemCount == claim.progress.through else { return }
        if digest?.value == claim.progress.digest {
            tally.credit(claim.progress)
        } else {
            end(.keyConflict)
        }
    }

    private func decideClaim(_ verdict: ItemVerdict, nowMilliseconds: UInt64) {
        isClaiming = false
        switch verdict {
        case .claimed(let claim): self.claim = claim
        case .keysFull: end(.keysFull)
        default:
            tally.refuse(verdict)
            end(.refused)
        }
    }
}
