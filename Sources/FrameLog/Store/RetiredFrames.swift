/// Which frames retention removed, as runs of windows that follow each other. An immutable value.
package struct RetiredFrames: Sendable {
    /// Windows of one length without a gap between them.
    struct Run: Sendable, Equatable {
        var firstStart: UInt64
        var lastStart: UInt64
        var duration: UInt64
    }

    /// The most runs that are remembered: past it the oldest is forgotten, and its frames were never there. 24 octets each.
    static let runsMax = 4096

    private(set) var runs: [Run] = []

    /// Whether the frame that starts at `start` was removed. Takes the logarithm of the number of runs.
    package func contains(start: UInt64) -> Bool { fatalError("not built yet") }
}
