import Bytes
import HTTP

/// The routes of the listener for the operator: liveness, readiness, metrics.
enum AdminRouter {
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
            response.refuse(.unknownPath, "There are /healthz, /readyz and /metrics.", context.settings)
        } else if head.method != .get && head.method != .head {
            response.fields.append("Allow: GET, HEAD\r\n")
            response.refuse(.methodNotAllowed, "Allow names the methods that are.", context.settings)
        } else if isReadiness && context.readiness != .ready {
            response.refuse(
                .unavailable, context.readiness.explanation, context.settings,
                retryAfterSeconds: RetryAfter.unavailable)
        } else if isMetrics {
            response.status = 200
            response.block = context.settings.blocks.metrics
            MetricsReport.fill(
                from: context.metrics, nowSeconds: context.receivedMicroseconds / 1_000_000,
                into: &response.text)
            response.content = .text
        } else {
            PlainRoute.respondWithHealth(context, &response)
        }
        return .respond
    }
}
