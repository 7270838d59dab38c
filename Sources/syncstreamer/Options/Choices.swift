import ArgumentParser
import Server

/// An option that takes one of a few words.
protocol ChoiceOption: OptionValue, CaseIterable, RawRepresentable where RawValue == String {}

extension ChoiceOption {
    static var form: String { "one of " + allCases.map(\.rawValue).joined(separator: ", ") }
}

/// When a POST is answered.
enum DurabilityChoice: String, ChoiceOption {
    case disk
    case memory
}

/// The least that is worth a line in the log.
enum LogLevelChoice: String, ChoiceOption {
    case trace, debug, info, notice, warning, error, critical
}

/// What a line of the log looks like.
enum LogFormatChoice: String, ChoiceOption {
    case text
    case json
}

/// Whether there is an access log, and where.
enum AccessLogChoice: OptionValue, Equatable {
    static let form = "off, on, or the path of a file"

    case off
    case at(AccessLogPlace)

    init?(argument: String) {
        switch argument {
        case "": return nil
        case "off": self = .off
        case "on": self = .at(.standardError)
        default: self = .at(.file(argument))
        }
    }
}

/// On or off in an environment variable, where an option is a flag.
enum Switch: OptionValue {
    static let form = "on or off"

    case on
    case off

    init?(argument: String) {
        switch argument.lowercased() {
        case "1", "true", "yes", "on": self = .on
        case "0", "false", "no", "off": self = .off
        default: return nil
        }
    }
}
