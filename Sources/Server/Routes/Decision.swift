/// What follows from a request's head alone.
enum Decision: Sendable {
    /// The response is complete. A body that the client still sends is dropped.
    case respond
    /// The body is wanted; `Router.answer` follows once it is known what became of its items.
    case receive(Upload)
    /// What is asked for is still to come; a `Follower` answers. Of an event stream the response is the head.
    case follow(Followed)
}
