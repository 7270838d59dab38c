import Bytes
import FrameLog
import HTTP

/// The answer to a POST, once it is known what became of all its items.
enum UploadAnswer {
    static func fill(
        for tally: borrowing UploadTally, _ ending: UploadEnding, of upload: borrowing Upload,
        _ context: borrowing RequestContext, _ response: inout Response
    ) {
        let settings = context.settings
        if tally.refusal == .inDoubt {
            // A restart may find the items or not, so any status could turn out to be a lie.
            response.isWithheld = true
            return
        }
        if ending == .tooLarge && tally.itemCount == 0 { return response.refuseTooLarge(settings) }
        if case .rateLimited(let refusal) = ending { response.appendPolicy(refusal) }
        if let (problem, detail, retryAfter) = problem(of: ending, tally, context.nowMilliseconds) {
            fillProblem(problem, detail, retryAfter, tally, upload, settings, &response)
        } else if tally.acceptedCount > 0 {
            fillAccepted(tally, upload, settings, &response)
        } else if let first = tally.rejections.first {
            fillProblem(
                first.problem, first.detail, first.retryAfterSeconds, tally, upload, settings, &response)
        } else {
            response.refuse(.emptyBody, "Send at least one item.", settings)
        }
    }

    /// Why the request as a whole failed, and after how many seconds it may be tried again; nil where it is
    /// for its items to say.
    private static func problem(
        of ending: UploadEnding, _ tally: borrowing UploadTally, _ now: UInt64
    ) -> (ProblemType, String, UInt64?)? {
        switch ending {
        case .complete: nil
        case .malformed(let fault): (.forStatus(fault.status), "\(fault.reason)", nil)
        case .tornRecord:
            (
                .tornBody, "The body ends within a record: a timestamp, a size, and as many octets of data.",
                nil
            )
        case .corruptGzip: (.tornBody, "The body's gzip is broken or was cut: send it anew.", nil)
        case .tooLarge: (.tooLarge, "The item is larger than an item may be here.", nil)
        case .tooDense:
            (.tooLarge, "The body inflates to too many times its size: send it without gzip.", nil)
        case .memoryFull:
            (
                .memoryFull, "There is no room for the rest of this item now: send it again in a moment.",
                RetryAfter.room
            )
        case .timedOut: (.timeout, "Nothing more came of the body: send items sooner, or end it.", nil)
        case .cutOff: (.tornBody, "The body was cut off.", nil)
        case .draining:
            (
                .unavailable, "The server is stopping: send the rest again in a moment.",
                RetryAfter.unavailable
            )
        case .rateLimited(let refusal):
            (
                .rateLimited, "More came in a short time than may: send the rest later.",
                refusal.retryAfterSeconds
            )
        case .keyConflict:
            (.keyConflict, "This Idempotency-Key came with another body before: use a new key.", nil)
        case .keysFull:
            (
                .tooManyKeys, "Send it again in some minutes, or without Idempotency-Key.",
                RetryAfter.tooManyKeys
            )
        case .superseded:
            (.superseded, "A later request with this Idempotency-Key goes on with it.", nil)
        case .refused: refusal(tally, now)
        }
    }

    /// Why the log takes no more.
    private static func refusal(
        _ tally: borrowing UploadTally, _ now: UInt64
    ) -> (ProblemType, String, UInt64?) {
        switch tally.refusal {
        case .noSpace:
            (.noSpace, "The disk is full: send the rest when there is room.", RetryAfter.noSpace)
        case .windowFull(let end):
            (
                .windowFull,
                "A window has as many items or channels as it may: send the rest in the next one.",
                RetryAfter.windowFull(until: end, now: now)
            )
        default:
            (
                .unavailable, "No more is stored for now: send the rest again later.", RetryAfter.unavailable
            )
        }
    }

    /// Items that are durable. No allocation once the response is warm, where nothing was rejected.
    private static func fillAccepted(
        _ tally: borrowing UploadTally, _ upload: borrowing Upload, _ settings: RouteSettings,
        _ response: inout Response
    ) {
        appendLocation(tally, &response)
        if upload.answerForm != .full && tally.rejectedCount == 0 {
            let isMinimal = upload.answerForm == .minimal
            response.status = isMinimal ? 204 : 200
            response.block = settings.blocks.empty
            if isMinimal { response.fields.append("Preference-Applied: return=minimal\r\n") }
            return
        }
        response.status = 200
        response.block = settings.blocks.json
        response.text.append("{\"accepted\":")
        response.text.append(decimal: tally.acceptedCount)
        appendFrame(tally, upload, &response)
        if tally.rejectedCount > 0 { appendRejections(tally, &response) }
        response.text.append("}")
        response.content = .text
    }

    /// A problem whose members say what was stored all the same.
    private static func fillProblem(
        _ problem: ProblemType, _ detail: String, _ retryAfterSeconds: UInt64?,
        _ tally: borrowing UploadTally, _ upload: borrowing Upload, _ settings: RouteSettings,
        _ response: inout Response
    ) {
        if tally.acceptedCount > 0 { appendLocation(tally, &response) }
        response.beginProblem(problem, settings.blocks, retryAfterSeconds: retryAfterSeconds)
        response.appendMember("detail")
        JSONWriter.append(detail, to: &response.text)
        response.appendMember("accepted")
        response.text.append(decimal: tally.acceptedCount)
        if tally.acceptedCount > 0 { appendFrame(tally, upload, &response) }
        if tally.rejectedCount > 0 { appendRejections(tally, &response) }
        response.endProblem()
    }

    private static func appendLocation(_ tally: borrowing UploadTally, _ response: inout Response) {
        response.fields.append("Location: /")
        response.fields.append(decimal: tally.lastFrame ?? 0)
        response.fields.append("\r\n")
    }

    private static func appendFrame(
        _ tally: borrowing UploadTally, _ upload: borrowing Upload, _ response: inout Response
    ) {
        response.text.append(",\"frame\":\"")
        response.text.append(decimal: tally.lastFrame ?? 0)
        response.text.append("\",\"receivedAt\":")
        response.text.append(decimal: upload.receivedAt)
    }

    private static func appendRejections(_ tally: borrowing UploadTally, _ response: inout Response) {
        response.appendMember("rejected")
        response.text.append("[")
        var isFirst = true
        for rejection in tally.rejections {
            if !isFirst { response.text.append(",") }
            isFirst = false
            response.text.append("{\"index\":")
            response.text.append(decimal: rejection.index)
            response.text.append(",\"type\":\"")
            response.text.append(ProblemType.prefix)
            response.text.append(rejection.problem.name)
            response.text.append("\",\"detail\":")
            JSONWriter.append(rejection.detail, to: &response.text)
            response.text.append("}")
        }
        response.text.append("],\"rejectedCount\":")
        response.text.append(decimal: tally.rejectedCount)
    }
}
