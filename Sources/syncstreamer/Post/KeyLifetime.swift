/// How long a batch may be tried again under its key. A server remembers a key for five minutes behind the
/// window of the last item that it stored: what is sent again later may be stored twice.
struct KeyLifetime {
    /// Less than what servers promise, by what a request may take on its way.
    static let milliseconds: UInt64 = 270_000

    /// When the first try began that may have stored something; nil before.
    private var since: UInt64?

    /// A try that began at `start`, in milliseconds of the monotonic clock, may have stored something and was
    /// not acknowledged as a whole.
    mutating func noteDoubt(since start: UInt64) { since = since ?? start }

    /// Whether the key may be forgotten when a try begins at `now`.
    func isOver(at now: UInt64) -> Bool { since.map { now >= $0 + Self.milliseconds } ?? false }
}
