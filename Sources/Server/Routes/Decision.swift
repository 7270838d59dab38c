import FrameLog

/// What follows from a request's head alone.
enum Decision: Sendable {
    /// The response is complete. A body that the client still sends is dropped.
    case respond
    /// The body is wanted; `Router.finish` takes it once it is whole.
    case receive(Upload)
}

/// What follows from a whole body.
enum Completion: Sendable {
    /// The response is complete: nothing of the body is stored.
    case respond
    /// The item goes to the log under this timestamp; `Router.respond(to:of:)` answers once the log has
    /// decided.
    case append(ItemTimestamp)
}
