/// What a request was for, as far as metrics and the access log tell them apart: never more than these.
enum RouteLabel: UInt8, CaseIterable, Sendable {
    case root, index, frame, channel, time, health, server, unknown
    /// A file for browsers other than the viewer's page.
    case web
    /// A channel of a frame.
    case frameChannel
    /// The frame behind another one; its durations don't count the wait.
    case frameAfter
    /// To the newest frame, or to that of a moment.
    case redirect
    /// An event stream; it counts when it begins.
    case events
    /// It broke HTTP's rules before its path was looked at.
    case malformed
    /// Of the operator's listener.
    case admin

    var name: StaticString {
        switch self {
        case .root: "root"
        case .index: "index"
        case .frame: "frame"
        case .channel: "channel"
        case .time: "time"
        case .health: "health"
        case .server: "server"
        case .unknown: "unknown"
        case .web: "web"
        case .frameChannel: "frame_channel"
        case .frameAfter: "frame_after"
        case .redirect: "redirect"
        case .events: "events"
        case .malformed: "malformed"
        case .admin: "admin"
        }
    }
}

/// Requests answered, by route, version of HTTP and status, and how long they took.
struct RequestMetrics: Sendable {
    /// Every status that is sent; the last stands for any other.
    static let statuses: [UInt16] = [
        200, 304, 206, 204, 404, 307, 400, 401, 403, 405, 406, 408, 409, 410, 412, 413, 414, 415, 416, 417,
        421, 422,
        429, 431, 500, 501, 503, 505, 507, 0,
    ]

    private static let versions = 2

    private var counts = [UInt64](
        repeating: 0, count: RouteLabel.allCases.count * versions * statuses.count)
    private(set) var durations = [Histogram](repeating: Histogram(), count: RouteLabel.allCases.count)

    mutating func count(_ route: RouteLabel, isHTTP2: Bool, status: UInt16, microseconds: UInt64) {
        let place = Self.statuses.firstIndex(of: status) ?? Self.statuses.count - 1
        counts[Self.index(route, isHTTP2: isHTTP2, place)] += 1
        durations[Int(route.rawValue)].observe(microseconds: microseconds)
    }

    mutating func add(_ other: RequestMetrics) {
        for index in counts.indices { counts[index] += other.counts[index] }
        for index in durations.indices { durations[index].add(other.durations[index]) }
    }

    /// Calls `body` with each count that is not 0.
    func visit(_ body: (_ route: RouteLabel, _ isHTTP2: Bool, _ status: UInt16, _ count: UInt64) -> Void) {
        for route in RouteLabel.allCases {
            for isHTTP2 in [false, true] {
                for (place, status) in Self.statuses.enumerated() {
                    let count = counts[Self.index(route, isHTTP2: isHTTP2, place)]
                    if count > 0 { body(route, isHTTP2, status, count) }
                }
            }
        }
    }

    private static func index(_ route: RouteLabel, isHTTP2: Bool, _ place: Int) -> Int {
        (Int(route.rawValue) * versions + (isHTTP2 ? 1 : 0)) * statuses.count + place
    }
}
