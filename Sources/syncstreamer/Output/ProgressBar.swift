import Posix

/// A bar on standard error for work that lasts over a second, where that is a terminal.
struct ProgressBar {
    private static let delayMilliseconds: UInt64 = 1000
    /// The bar is drawn anew no more often than this: it is for eyes.
    private static let intervalMilliseconds: UInt64 = 100
    private static let width = 30

    private let isShown: Bool
    private var nextDrawing: UInt64
    private var hasDrawn = false

    init(isShown: Bool = Terminal.isError) {
        self.isShown = isShown
        nextDrawing = Clock.monotonicMilliseconds() + Self.delayMilliseconds
    }

    /// Says how far the work is; `total` is nil where nobody knows.
    mutating func update(_ done: UInt64, of total: UInt64?) {
        update(Self.line(done, of: total))
    }

    /// Says how far work is whose end nobody knows.
    mutating func update(_ words: @autoclosure () -> String) {
        guard isShown else { return }
        let now = Clock.monotonicMilliseconds()
        if now < nextDrawing { return }
        nextDrawing = now + Self.intervalMilliseconds
        hasDrawn = true
        StandardStreams.writeError(Array(("\r" + words() + "\u{1B}[K").utf8).span)
    }

    /// Takes the bar away.
    mutating func finish() {
        if hasDrawn { StandardStreams.writeError(Array("\r\u{1B}[K".utf8).span) }
        hasDrawn = false
    }

    /// `[#########                     ]  30%  3.0 MiB of 10 MiB`
    static func line(_ done: UInt64, of total: UInt64?) -> String {
        guard let total, total > 0 else { return Quantities.size(done) }
        return line(done, of: total, words: "\(Quantities.size(done)) of \(Quantities.size(total))")
    }

    /// The same for work that is counted in other things; `total` is 1 or more.
    static func line(_ done: UInt64, of total: UInt64, words: String) -> String {
        let share = Double(min(done, total)) / Double(total)
        let filled = Int(share * Double(width))
        let bar = String(repeating: "#", count: filled) + String(repeating: " ", count: width - filled)
        let percent = String(Int(share * 100))
        let padding = String(repeating: " ", count: 3 - percent.count)
        return "[\(bar)] \(padding)\(percent)%  \(words)"
    }
}
