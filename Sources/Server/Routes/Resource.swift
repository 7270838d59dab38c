import Bytes

/// What a path names.
enum Resource: Equatable {
    /// `/`, and the other files for browsers.
    case web(WebFile)
    /// `/frame`: the index.
    case index
    /// `/{frameId}`.
    case frame(UInt64)
    /// `/{frameId}/channel/{id}`: a channel of a frame, and where its id, still percent-encoded, stands in
    /// the path.
    case frameChannel(UInt64, Range<Int>)
    /// `/frame/after/{id}`: the frame that follows.
    case frameAfter(UInt64)
    /// `/frame/at/{ms}`: the frame of a moment.
    case frameAt(UInt64)
    /// `/frame/latest`: the newest frame.
    case latestFrame
    /// `/channel/{id}`: where the id, still percent-encoded, stands in the path.
    case channel(Range<Int>)
    /// `/event/{id}`: the same, for the Go server's clients.
    case event(Range<Int>)
    case time
    case health
    /// `*`: the server as a whole (RFC 9110 section 9.3.7).
    case server
    case unknown

    /// - Parameters:
    ///   - path: an absolute path as it was sent. Nothing but a channel id is percent-decoded: one resource
    ///     has one name, so that a cache holds it once.
    ///   - isGoCompatible: the names that the Go server's clients know are understood beside those.
    init(path: Span<UInt8>, isGoCompatible: Bool = false) {
        if path.count == 1 {
            self = path[0] == UInt8(ascii: "*") ? .server : .web(.viewerPage)
        } else if path.count > 1, path[1] &- UInt8(ascii: "0") < 10 {
            self = Self.frame(of: path) ?? .unknown
        } else if path.isEqual(to: "/frame") {
            self = .index
        } else if path.hasPrefix("/frame/after/") {
            self = Self.frameID(path.extracting(droppingFirst: 13)).map { .frameAfter($0) } ?? .unknown
        } else if path.hasPrefix("/frame/at/") {
            self = Self.frameID(path.extracting(droppingFirst: 10)).map { .frameAt($0) } ?? .unknown
        } else if path.isEqual(to: "/frame/latest") {
            self = .latestFrame
        } else if path.hasPrefix("/channel/") {
            self = Self.segment(of: path, from: 9).map { .channel($0) } ?? .unknown
        } else if path.isEqual(to: "/syncstreamer.mjs") {
            self = .web(.module)
        } else if path.isEqual(to: "/viewer.mjs") {
            self = .web(.viewerScript)
        } else if path.isEqual(to: "/viewer.css") {
            self = .web(.viewerStyle)
        } else if path.isEqual(to: "/openapi.json") {
            self = .web(.description)
        } else if path.isEqual(to: "/time") {
            self = .time
        } else if path.isEqual(to: "/healthz") {
            self = .health
        } else if isGoCompatible, path.hasPrefix("/event/") {
            self = Self.segment(of: path, from: 7).map { .event($0) } ?? .unknown
        } else if isGoCompatible, path.hasPrefix("/frame/") {
            self = Self.frameID(path.extracting(droppingFirst: 7)).map { .frame($0) } ?? .unknown
        } else {
            self = .unknown
        }
    }

    /// `/{frameId}`, or a channel of it.
    private static func frame(of path: Span<UInt8>) -> Resource? {
        guard let slash = path.firstIndex(of: UInt8(ascii: "/"), from: 1) else {
            return frameID(path.extracting(droppingFirst: 1)).map { .frame($0) }
        }
        guard let id = frameID(path.extracting(1..<slash)),
            path.extracting(droppingFirst: slash).hasPrefix("/channel/"),
            let channel = segment(of: path, from: slash + 9)
        else { return nil }
        return .frameChannel(id, channel)
    }

    /// The rest of a path, where that is one segment.
    private static func segment(of path: Span<UInt8>, from start: Int) -> Range<Int>? {
        if start == path.count || path.firstIndex(of: UInt8(ascii: "/"), from: start) != nil { return nil }
        return start..<path.count
    }

    /// The window start that a frame id stands for: decimal, without leading zeros.
    private static func frameID(_ digits: Span<UInt8>) -> UInt64? {
        if digits.count > 1, digits[0] == UInt8(ascii: "0") { return nil }
        return digits.decimal()
    }

    /// What metrics call it.
    var label: RouteLabel {
        switch self {
        case .web(.viewerPage): .root
        case .web: .web
        case .index: .index
        case .frame: .frame
        case .frameChannel: .frameChannel
        case .frameAfter: .frameAfter
        case .frameAt, .latestFrame: .redirect
        case .channel, .event: .channel
        case .time: .time
        case .health: .health
        case .server: .server
        case .unknown: .unknown
        }
    }

    /// The methods for it: the value of Allow and of Access-Control-Allow-Methods.
    var methods: StaticString {
        switch self {
        case .web, .index, .frame, .frameChannel, .frameAfter, .frameAt, .latestFrame, .time, .health,
            .unknown:
            "GET, HEAD, OPTIONS"
        case .event: "POST, OPTIONS"
        case .channel, .server: "GET, HEAD, POST, OPTIONS"
        }
    }

    /// Whether GET and HEAD are for it.
    var isRead: Bool {
        switch self {
        case .web, .index, .frame, .frameChannel, .frameAfter, .frameAt, .latestFrame, .channel, .time,
            .health:
            true
        case .event, .server, .unknown: false
        }
    }
}
