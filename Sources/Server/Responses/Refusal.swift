import Bytes
import HTTP

extension Response {
    /// Makes this the answer to a request that is refused. Field lines that were added before stay.
    ///
    /// - Parameters:
    ///   - detail: what to do; never anything of the request.
    ///   - retryAfterSeconds: when it is worth another try.
    mutating func refuse(
        _ type: ProblemType, _ detail: StaticString, _ settings: RouteSettings,
        retryAfterSeconds: UInt64? = nil
    ) {
        refuse(type, detail, settings.blocks, retryAfterSeconds: retryAfterSeconds)
    }

    /// The same, for a listener with field lines of its own.
    mutating func refuse(
        _ type: ProblemType, _ detail: StaticString, _ blocks: FieldBlocks,
        retryAfterSeconds: UInt64? = nil
    ) {
        beginProblem(type, blocks, retryAfterSeconds: retryAfterSeconds)
        appendMember("detail")
        text.append("\"")
        text.append(detail)
        text.append("\"")
        endProblem()
    }

    /// The first members of a problem; the caller appends `detail` and what the case adds, and ends it.
    mutating func beginProblem(
        _ type: ProblemType, _ blocks: FieldBlocks, retryAfterSeconds: UInt64? = nil
    ) {
        status = type.status
        block = blocks.problem
        if let seconds = retryAfterSeconds {
            fields.append("Retry-After: ")
            fields.append(decimal: seconds)
            fields.append("\r\n")
        }
        text.removeAll()
        text.append("{\"type\":\"")
        text.append(ProblemType.prefix)
        text.append(type.name)
        text.append("\",\"title\":\"")
        text.append(type.title)
        text.append("\",\"status\":")
        text.append(decimal: UInt64(type.status))
    }

    /// A member's name; its value is appended next.
    mutating func appendMember(_ name: StaticString) {
        text.append(",\"")
        text.append(name)
        text.append("\":")
    }

    mutating func endProblem() {
        text.append("}")
        content = .text
    }

    /// 413, for a body that is over the limit by its Content-Length or by what has arrived.
    mutating func refuseTooLarge(_ settings: RouteSettings) {
        cause = .item(.tooLarge)
        beginProblem(.tooLarge, settings.blocks)
        appendMember("detail")
        text.append("\"An item has at most ")
        text.append(decimal: UInt64(settings.itemByteCountMax))
        text.append(" octets here.\"")
        appendMember("limit")
        text.append(decimal: UInt64(settings.itemByteCountMax))
        endProblem()
    }

    /// 503, where the server stores no items for now.
    mutating func refuseUnavailable(_ blocks: FieldBlocks) {
        refuse(
            .unavailable, "Nothing was stored; try again later.", blocks,
            retryAfterSeconds: RetryAfter.unavailable)
    }
}

/// When another try is worth it, in seconds.
enum RetryAfter {
    /// A restart with recovery takes seconds.
    static var unavailable: UInt64 { 5 }
    /// A disk takes what may wait for it, and a network what may be half-way, in about that time.
    static var room: UInt64 { 1 }
    /// Keys are remembered for five minutes and more.
    static var tooManyKeys: UInt64 { 60 }
    /// Retention frees room at each sealed frame; a person needs longer.
    static var noSpace: UInt64 { 30 }
    /// The next window has room.
    static func windowFull(until end: UInt64, now: UInt64) -> UInt64 {
        end > now ? (end - now + 999) / 1000 : 1
    }
}
