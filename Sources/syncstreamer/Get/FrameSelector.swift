import ArgumentParser
import Bytes
import Posix

/// Which frame is meant: the latest, one by its id, or the one that covers a moment.
enum FrameSelector: OptionValue, Equatable {
    static let form = "a frame's id, 'latest', or a time such as 2026-11-23T10:36:56Z"

    case latest
    /// Decimal digits: an id, or else milliseconds since the UNIX epoch.
    case number(UInt64)
    case moment(milliseconds: UInt64)

    init?(argument: String) {
        let octets = Array(argument.utf8)
        if argument == "latest" {
            self = .latest
        } else if let number = octets.span.decimal() {
            self = .number(number)
        } else if let milliseconds = UTCTime.milliseconds(rfc3339: argument) {
            self = .moment(milliseconds: milliseconds)
        } else {
            return nil
        }
    }
}
