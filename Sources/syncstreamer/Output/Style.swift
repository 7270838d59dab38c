import Posix

/// How output looks on a terminal: nothing else gets colours, and none do where NO_COLOR is set
/// (no-color.org).
struct Style {
    let isColoured: Bool

    /// The style for standard output.
    static var output: Style {
        let isPlain = Environment.value(of: "NO_COLOR") != nil || Environment.value(of: "TERM") == "dumb"
        return Style(isColoured: Terminal.isOutput && !isPlain)
    }

    /// No colours.
    static let plain = Style(isColoured: false)

    /// A heading.
    func heading(_ text: String) -> String { wrapped(text, "1") }

    /// What is said beside the point.
    func aside(_ text: String) -> String { wrapped(text, "2") }

    /// SGR (ECMA-48 section 8.3.117).
    private func wrapped(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
