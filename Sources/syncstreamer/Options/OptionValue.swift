import ArgumentParser

/// A value that an option takes and an environment variable may hold.
protocol OptionValue: ExpressibleByArgument {
    /// What such a value looks like, for an error: `a duration such as 500ms, 10s or 1h`.
    static var form: String { get }
}

extension String: OptionValue {
    static let form = "a text"
}

extension Int: OptionValue {
    static let form = "a number"
}

extension UInt16: OptionValue {
    static let form = "a number from 0 to 65535"
}
