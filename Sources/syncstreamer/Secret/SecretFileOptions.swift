import ArgumentParser
import Bytes
import Posix
import Server

/// Which secret file a command works on.
struct SecretFileOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The secret file. (default: SYNCSTREAMER_SECRET_FILE)", valueName: "file"))
    var secretFile: String?

    /// The path that the options and the environment name.
    func path(from source: OptionSource = .process) throws -> String {
        guard let path = try source.value(secretFile, "secret-file") else {
            throw ValidationError("which file? give --secret-file FILE or set SYNCSTREAMER_SECRET_FILE")
        }
        return path
    }

    /// A file's text; a file that isn't there yet has none.
    static func textIfThere(_ path: String) throws -> [UInt8] {
        do {
            return try WholeFile.read(path, byteCountMax: SecretFile.byteCountMax)
        } catch let error where error.isNotFound {
            return []
        }
    }
}

/// When a secret ends: a moment, or a time from now.
enum Expiry: OptionValue, Equatable {
    static let form = "a time such as 2027-01-31T18:00:00Z or 2027-01-31, or a duration such as 720h"

    case at(SecretExpiry)
    case after(TimeSpan)

    init?(argument: String) {
        if let span = TimeSpan(argument: argument) {
            self = .after(span)
        } else if let expiry = SecretExpiry(Array(argument.utf8).span) {
            self = .at(expiry)
        } else {
            return nil
        }
    }

    /// The moment, in whole seconds.
    func moment(nowMilliseconds: UInt64) -> SecretExpiry {
        switch self {
        case .at(let expiry): return expiry
        case .after(let span):
            let (end, overflow) = nowMilliseconds.addingReportingOverflow(span.milliseconds)
            return SecretExpiry(secondsSinceEpoch: (overflow ? UInt64.max : end) / 1000)
        }
    }
}
