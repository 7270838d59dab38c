package import Posix

/// Whether the log takes items.
package enum LogHealth: Sendable {
    case healthy
    /// The disk is full: items are refused with `noSpace`, and it is tried again with a later commit.
    case full
    /// An error of the disk other than that it is full: items are refused with `logClosed`, and a restart
    /// recovers.
    case closed(SystemError)
    /// A window's items can't be read any more, and its frame not be made: items are refused with
    /// `logClosed`. A repair keeps what can be read.
    case damaged(FrameLogError)
}
