/// Whether items can be taken now. Frames are served in every state.
enum Readiness: Sendable, Equatable {
    case ready
    /// The disk is full. Items are still handed to the log, which notices first when there is room again.
    case full
    /// The server is on its way to its end.
    case draining
    /// The log met an error that only a restart recovers from.
    case logClosed
    /// The log has items that can't be read any more.
    case logDamaged

    /// Whether no upload is begun.
    var takesNoUploads: Bool { self == .draining || self == .logClosed || self == .logDamaged }

    /// What the operator should know.
    var explanation: StaticString {
        switch self {
        case .ready: "uploads are taken"
        case .full: "the disk is full: uploads are answered 507 until there is room"
        case .draining: "the server is stopping: uploads are answered 503"
        case .logClosed: "the log is closed after an error: uploads are answered 503 until a restart"
        case .logDamaged: "the log is damaged and closed: uploads are answered 503 until it is repaired"
        }
    }
}
