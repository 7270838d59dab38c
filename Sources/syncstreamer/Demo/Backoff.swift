/// How long to leave a server alone that can't be reached: longer with every try, up to a limit.
struct Backoff {
    private static let firstMilliseconds: UInt64 = 100
    /// A server that comes back is found within so much.
    private static let lastMilliseconds: UInt64 = 5000

    private var delayMilliseconds = Self.firstMilliseconds
    private(set) var isFailing = false
    /// When to try again, by the clock that the failures were told by.
    private(set) var retryMilliseconds: UInt64 = 0

    /// A try failed. Returns whether it is the first after a success.
    ///
    /// - Parameter atLeast: what the server itself asks for.
    mutating func failed(nowMilliseconds: UInt64, atLeast: UInt64 = 0) -> Bool {
        let isFirst = !isFailing
        isFailing = true
        retryMilliseconds = nowMilliseconds + max(delayMilliseconds, min(atLeast, Self.lastMilliseconds))
        delayMilliseconds = min(delayMilliseconds * 2, Self.lastMilliseconds)
        return isFirst
    }

    /// A try succeeded. Returns whether one before it had failed.
    mutating func succeeded() -> Bool {
        let wasFailing = isFailing
        isFailing = false
        delayMilliseconds = Self.firstMilliseconds
        return wasFailing
    }
}
