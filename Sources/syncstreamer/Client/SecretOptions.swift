import ArgumentParser
import Posix

/// Where a command that posts finds its secret: never in an argument, which `ps` would show.
struct SecretOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file that holds the secret alone. (default: SYNCSTREAMER_SECRET)", valueName: "file"))
    var secretFrom: String?

    /// The secret that the options and the environment name.
    ///
    /// - Parameter isRequired: false where something else says who posts; then there may be none.
    func secret(from source: OptionSource = .process, isRequired: Bool = true) throws -> String? {
        if let secretFrom {
            let octets = try WholeFile.read(secretFrom, byteCountMax: Self.byteCountMax)
            return try Self.secret(in: octets, named: secretFrom)
        }
        let name = OptionSource.variableName(of: "secret")
        if let text = source.variable(name) { return try Self.secret(in: Array(text.utf8), named: name) }
        if !isRequired { return nil }
        throw ValidationError(
            "no secret to post with: set \(name), or give --secret-from FILE "
                + "(a server that made its own keeps it in its data directory, in the file 'secret')")
    }

    /// A secret as it stands in a file: visible ASCII, as a header field can carry it, with or without a line
    /// end.
    static func secret(in octets: [UInt8], named name: String) throws -> String {
        var secret = octets[...]
        while let last = secret.last, last == 0x0A || last == 0x0D { secret.removeLast() }
        guard !secret.isEmpty, secret.count <= byteCountMax, secret.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw CommandFailure(
                "\(name) holds no secret: one is a line of visible ASCII characters without spaces")
        }
        return String(decoding: secret, as: UTF8.self)
    }

    /// Far more than any secret, and less than a header may have.
    private static let byteCountMax = 4096
}
