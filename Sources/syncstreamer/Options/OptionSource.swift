import ArgumentParser
import Posix

/// Where an option's value comes from: the flag, else the environment, else the default.
struct OptionSource: Sendable {
    /// Looks an environment variable up; one that is empty is nil.
    let variable: @Sendable (String) -> String?

    /// The process's own environment.
    static let process = OptionSource { Environment.value(of: $0) }

    /// The value given for an option, or nil where the default stands.
    ///
    /// - Parameters:
    ///   - flag: what the command line says.
    ///   - option: the long option's name without hyphens in front; its variable is `SYNCSTREAMER_` and the
    ///     name in
    ///     capitals.
    ///   - other: a variable that is read where that one is not set.
    /// - Throws: a usage error that names the variable.
    func value<Value: OptionValue>(_ flag: Value?, _ option: String, or other: String? = nil) throws -> Value?
    {
        if let flag { return flag }
        for name in [Self.variableName(of: option)] + (other.map { [$0] } ?? []) {
            guard let text = variable(name) else { continue }
            guard let value = Value(argument: text) else {
                throw ValidationError("\(name) in the environment must be \(Value.form), and is '\(text)'")
            }
            return value
        }
        return nil
    }

    /// As `value`, for an option that is a flag.
    func isOn(_ flag: Bool?, _ option: String) throws -> Bool? {
        try value(flag.map { $0 ? Switch.on : .off }, option).map { $0 == .on }
    }

    /// As `value`, for an option that may be given more than once; in the variable, commas separate.
    func list(_ flags: [String], _ option: String) -> [String]? {
        if !flags.isEmpty { return flags }
        guard let text = variable(Self.variableName(of: option)) else { return nil }
        return text.split(separator: ",").map { String($0) }
    }

    /// `frame-duration` → `SYNCSTREAMER_FRAME_DURATION`.
    static func variableName(of option: String) -> String {
        "SYNCSTREAMER_" + option.uppercased().replacing("-", with: "_")
    }

    /// Refuses a value outside of what an option allows.
    static func check<Number: Comparable>(
        _ value: Number, within range: ClosedRange<Number>, _ option: String, _ allowed: String
    ) throws {
        if !range.contains(value) { throw ValidationError("--\(option) takes \(allowed)") }
    }
}
