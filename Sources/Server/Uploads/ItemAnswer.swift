import Bytes
import FrameLog
import HTTP

/// The answer to a POST of one item, once it is known what became of the item.
enum ItemAnswer {
    static func fill(
        for verdict: ItemVerdict, of upload: borrowing Upload, _ context: borrowing RequestContext,
        _ response: inout Response
    ) {
        let settings = context.settings
        switch verdict {
        case .accepted(let frame):
            fillAccepted(frame: frame, upload, settings, &response)
        case .late(let oldestOpen):
            let advice = "send newer items, or leave the time to the server"
            fillRejected(
                .late, "The oldest open window starts at \(oldestOpen); \(advice).", settings, &response)
        case .tooFarAhead(let limit):
            let advice = "set the device's clock, or use age"
            fillRejected(
                .tooFarAhead, "Items may be stamped up to \(limit) now; \(advice).", settings, &response)
        case .typeConflict(let type):
            let taken = type.span.utf8Text() ?? "another type"
            fillRejected(
                .typeConflict,
                "Within this window the channel's type is \(taken); post that type, or another channel.",
                settings, &response)
        case .windowFull(let end):
            let now = context.nowMilliseconds
            response.refuse(
                .windowFull,
                "This window has as many items or channels as it may; try again in the next one.",
                settings, retryAfterSeconds: end > now ? (end - now + 999) / 1000 : 1)
        case .noSpace:
            response.refuse(
                .noSpace, "Nothing was stored; try again when there is room.", settings,
                retryAfterSeconds: RetryAfter.noSpace)
        case .logClosed:
            response.refuseUnavailable(settings)
        case .inDoubt:
            // A restart may find the item or not, so any status could turn out to be a lie.
            response.isWithheld = true
        }
    }

    /// An item that is durable. No allocation once the response is warm.
    private static func fillAccepted(
        frame: UInt64, _ upload: borrowing Upload, _ settings: RouteSettings, _ response: inout Response
    ) {
        response.fields.append("Location: /")
        response.fields.append(decimal: frame)
        response.fields.append("\r\n")
        if upload.wantsMinimal {
            response.status = 204
            response.block = settings.blocks.empty
            response.fields.append("Preference-Applied: return=minimal\r\n")
            return
        }
        response.status = 200
        response.block = settings.blocks.json
        response.text.append("{\"accepted\":1,\"frame\":\"")
        response.text.append(decimal: frame)
        response.text.append("\",\"receivedAt\":")
        response.text.append(decimal: upload.receivedAt)
        response.text.append("}")
        response.content = .text
    }

    /// An item that is in no frame: a problem that is also the list of what was rejected, as with many items.
    static func fillRejected(
        _ type: ProblemType, _ detail: String, _ settings: RouteSettings, _ response: inout Response
    ) {
        response.beginProblem(type, settings)
        response.appendMember("detail")
        JSONWriter.append(detail, to: &response.text)
        response.text.append(",\"accepted\":0,\"rejected\":[{\"index\":0,\"type\":\"")
        response.text.append(ProblemType.prefix)
        response.text.append(type.name)
        response.text.append("\",\"detail\":")
        JSONWriter.append(detail, to: &response.text)
        response.text.append("}],\"rejectedCount\":1")
        response.endProblem()
    }
}
