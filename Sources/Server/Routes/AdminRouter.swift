import Bytes
import HTTP

/// The routes of the listener for the operator: liveness and readiness.
enum AdminRouter {
    static func route(
        _ head: borrowing RequestHead, _ octets: Span<UInt8>, _ context: borrowing RequestContext,
        _ response: inout Response
    ) -> Decision {
        response.reset()
        let path = octets.extracting(head.path)
        let isReadiness = path.isEqual(to: "/readyz")
        if !isReadiness && !path.isEqual(to: "/healthz") {
            response.refuse(.unknownPath, "There are /healthz and /readyz.", context.settings)
        } else if head.method != .get && head.method != .head {
            response.fields.append("Allow: GET, HEAD\r\n")
            response.refuse(.methodNotAllowed, "Allow names the methods that are.", context.settings)
        } else if isReadiness && context.readiness != .ready {
            response.refuseUnavailable(context.settings)
        } else {
            PlainRoute.respondWithHealth(context, &response)
        }
        return .respond
    }
}
