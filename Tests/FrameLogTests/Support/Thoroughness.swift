import Posix

/// How many of the same kind a test does.
enum Thoroughness {
    /// Under a sanitizer a step takes ten times as long and shows the same in a tenth of them.
    static let isSanitized = Environment.value(of: "SANITIZED") == "1"
    /// Whether faults come in every way at every operation: `make faults`.
    static let isWhole = Environment.value(of: "FAULTS") == "all"
}
