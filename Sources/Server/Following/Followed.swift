/// What a request asks for that is still to come.
enum Followed: Sendable, Equatable {
    /// The frame behind `id`, for so long: one answer.
    case frame(after: UInt64, waitMilliseconds: UInt64)
    /// All frames behind `id`, each as an event.
    case frames(after: UInt64)
    /// The items of a channel from now on, each as an event.
    case items(channelID: [UInt8])
}
