/// What somebody waits for, as far as metrics tell it apart.
enum FollowerKind: UInt8, CaseIterable {
    /// The frame behind another one.
    case wait
    /// Each frame, as an event.
    case frameEvents
    /// A channel's items, each as an event.
    case channelEvents

    var name: StaticString {
        switch self {
        case .wait: "wait"
        case .frameEvents: "frame-events"
        case .channelEvents: "channel-events"
        }
    }
}
