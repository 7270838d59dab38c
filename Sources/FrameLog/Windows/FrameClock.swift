/// Time that never goes backwards: when the system's clock steps back, it stands still until that has caught
/// up.
package struct FrameClock: Sendable {
    /// The latest reading, in milliseconds since the UNIX epoch.
    package private(set) var latest: UInt64

    /// Begins at `floor`, what the log's last commit says (`Ingest.clockFloor`).
    package init(floor: UInt64 = 0) { latest = floor }

    /// The time when the system's clock says `wall`, both in milliseconds since the UNIX epoch.
    package mutating func reading(_ wall: UInt64) -> UInt64 {
        latest = max(latest, wall)
        return latest
    }
}
