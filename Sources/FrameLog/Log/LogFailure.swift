import Posix

/// How a write to the log failed.
struct LogFailure: Error {
    let error: SystemError
    /// Whether it is sure that nothing of what was to be written will ever be read.
    let isTakenBack: Bool

    /// Whether there may be room later: the log is as if the write had never been tried.
    var mayRecover: Bool { isTakenBack && error.isShortage }
}
