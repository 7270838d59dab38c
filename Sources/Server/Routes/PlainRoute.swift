import Bytes
import Posix

/// The small resources: `/time`, `/healthz`.
enum PlainRoute {
    /// 200 for as long as the process serves.
    static func respondWithHealth(_ blocks: FieldBlocks, _ response: inout Response) {
        response.status = 200
        response.block = blocks.text
        response.text.append("ok\n")
        response.content = .text
    }

    /// Both ends of the server's part of a round trip, so that a client can tell its clock's difference from
    /// the way (as NTP does, RFC 5905 section 8).
    static func respondWithTime(_ context: borrowing RequestContext, _ response: inout Response) {
        let received = context.receivedMicroseconds
        // A clock that was set back in between must not make the answer leave before the question came.
        let sent = max(received, Clock.wallMicroseconds())
        response.status = 200
        response.block = context.settings.blocks.json
        response.text.append("{\"receivedAt\":")
        append(microseconds: received, to: &response.text)
        response.text.append(",\"sentAt\":")
        append(microseconds: sent, to: &response.text)
        response.text.append("}")
        response.content = .text
    }

    /// Milliseconds with three decimals.
    private static func append(microseconds: UInt64, to text: inout [UInt8]) {
        text.append(decimal: microseconds / 1000)
        let fraction = microseconds % 1000
        text.append(".")
        text.append(decimal: fraction / 100)
        text.append(decimal: fraction / 10 % 10)
        text.append(decimal: fraction % 10)
    }
}
