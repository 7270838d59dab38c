import HTTPClient

/// Tries again what failed in a way that may pass: a connection that was lost, a server that is starting.
struct Patience {
    private let name: String
    private let wait: (UInt64) -> Bool
    private var delay = RetryDelay()
    private var generator = SystemRandomNumberGenerator()
    private(set) var isFailing = false

    /// - Parameters:
    ///   - name: who says so on standard error; empty for the whole command.
    ///   - wait: waits so many milliseconds; true where the end came first.
    init(_ name: String = "", wait: @escaping (UInt64) -> Bool) {
        self.name = name.isEmpty ? "" : name + ": "
        self.wait = wait
    }

    /// What the work gives, when it works; nil where the end came before that.
    ///
    /// - Throws: a failure that trying again won't change.
    mutating func attempt<Result>(_ work: () throws -> Result) throws -> Result? {
        while true {
            do {
                let result = try work()
                succeeded()
                return result
            } catch {
                if try hasEnded(after: error) { return nil }
            }
        }
    }

    /// A try succeeded.
    mutating func succeeded() {
        if isFailing { Lines.say("\(name)the server is back") }
        isFailing = false
        delay.reset()
    }

    /// Waits a moment, so that what ends at once is not asked for in a circle; true where the end came.
    func rest() -> Bool { wait(Self.restMilliseconds) }

    private static let restMilliseconds: UInt64 = 200

    /// Waits after a failure that may pass; true where the end came.
    ///
    /// - Throws: a failure that doesn't pass.
    mutating func hasEnded(after error: any Error) throws -> Bool {
        let askedSeconds: UInt64?
        switch error {
        case let error as HTTPClientError where error.kind == .cancelled: return true
        case let error as HTTPClientError where error.kind == .transfer: askedSeconds = nil
        case let refusal as ServerRefusal where refusal.isPassing: askedSeconds = refusal.retryAfterSeconds
        default: throw error
        }
        if !isFailing { Lines.say("\(name)\(error); trying again until it works, Ctrl-C ends it") }
        isFailing = true
        return wait(delay.next(askedSeconds: askedSeconds, using: &generator))
    }
}
