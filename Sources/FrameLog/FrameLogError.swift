/// Why a log or a store can't be opened or read, on which file, and what to do.
package struct FrameLogError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of obstacle it is.
    package enum Reason: Sendable, Equatable {
        /// Octets that were on the disk for sure are not what was written.
        case corrupt
        /// A later version of this program wrote the file.
        case unsupported
        /// The windows in the log have another length than the settings, and some hold items still.
        case windowsOpen
        /// The settings contradict each other.
        case settings
        /// Another process holds the data directory's lock.
        case ownedByAnother
    }

    /// What to switch on.
    package let reason: Reason
    /// The file or directory.
    package let path: String
    /// Where in the file, in octets.
    package let offset: UInt64?
    /// What was found, and, unless the reason says it all, what to do.
    package let detail: String

    package var description: String {
        let place = offset.map { "\(path) at octet \($0)" } ?? path
        return "\(place): \(detail)" + (reason == .corrupt ? Self.howToRepair : "")
    }

    /// What to do about a file that is damaged; follows what was found.
    private static let howToRepair =
        "; `syncstreamer verify` shows what can be read and `syncstreamer verify --repair` keeps it, "
        + "or restore the file from a copy"

    static func ownedByAnother(path: String) -> FrameLogError {
        FrameLogError(
            reason: .ownedByAnother, path: path, offset: nil,
            detail: "another server owns this data directory; stop it, or choose another with --data-dir")
    }
}
