import Bytes
import HTTP

/// The routes of the listener for the operator: liveness, readiness, metrics.
///
/// No script of any origin may read what it says: pages that the operator's browser shows are strangers'.
enum AdminRouter {
    private static let blocks = FieldBlocks(corsOrigin: nil)

    static func route(
        _ head: borrowing RequestHead, _ octets: Span<UInt8>, _ context: borrowing RequestContext,
        _ response: inout Response
    ) -> Decision {
        response.reset()
        response.route = .admin
        let path = octets.extracting(head.path)
        let isReadiness = path.isEqual(to: "/readyz")
        let isMetrics = path.isEqual(to: "/metrics")
        if !isReadiness && !isMetrics && !path.isEqual(to: "/healthz") {
            response.refuse(.unknownPath, "There are /healthz, /readyz and /metrics.", blocks)
        } else if head.method != .get && head.method != .head {
            response.fields.append("Allow: GET, HEAD\r\n")
            response.refuse(.methodNotAllowed, "Allow names the methods that are.", blocks)
        } else if isReadiness && context.readiness != .ready {
            response.refuse(
                .unavailable, context.readiness.explanation, blocks,
                retryAfterSeconds: RetryAfter.unavailable)
        } else if isMetrics {
            response.status = 200
            response.block = blocks.metrics
            MetricsReport.fill(
                from: context.metrics, nowSeconds: context.receivedMicroseconds / 1_000_000,
                into: &response.text)
            response.content = .text
        } else {
            PlainRoute.respondWithHealth(blocks, &response)
        }
        return .respond
    }

    /// Answers a message that breaks HTTP's rules.
    static func refuse(_ fault: RequestFault, _ response: inout Response) {
        response.reset()
        response.refuse(.forStatus(fault.status), fault.reason.literal, blocks)
    }

    /// Answers a request that took too long to arrive.
    static func timeOut(_ response: inout Response) { refuse(.tooSlow, &response) }
}
