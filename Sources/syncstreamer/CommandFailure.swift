/// Why a command could not do what it was asked: one line for standard error, and exit status 1.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// A result that nobody got is no result.
    static let outputFailed = CommandFailure("standard output could not be written to the end")
}
