import Bytes
import Logging
import Posix

/// Where the secrets come from: a file, the environment, both, or what the first start made.
struct SecretSource {
    /// The secret the first start makes, in the data directory. Its one line is the secret itself.
    private static let madeFileName = "secret"

    private let file: String?
    private let secret: String?
    private let madeFile: String

    init(_ configuration: ServerConfiguration) {
        file = configuration.secretFile
        secret = configuration.secret
        madeFile = configuration.dataDirectory + "/" + Self.madeFileName
    }

    /// Reads all secrets anew; at the first start without any, makes one and says it once.
    func load(logger: Logger) throws -> SecretSet {
        var entries: [SecretEntry] = []
        if let file {
            let text = try WholeFile.read(file, byteCountMax: SecretFile.byteCountMax)
            entries = try SecretFile.entries(in: text.span, named: file)
            if entries.isEmpty {
                logger.warning(
                    "\(file) has no secret, so nobody can post; make one with `syncstreamer secret make`")
            }
        }
        if let secret { entries.append(SecretEntry(name: "environment", secret: Array(secret.utf8).span)) }
        if file == nil && secret == nil { entries.append(try made(logger: logger)) }
        return SecretSet(entries)
    }

    private func made(logger: Logger) throws -> SecretEntry {
        do {
            var text = try WholeFile.read(madeFile, byteCountMax: SecretFile.byteCountMax)
            while let last = text.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") {
                text.removeLast()
            }
            if text.isEmpty {
                throw StartError(
                    "\(madeFile) is empty; write the secret into it, or remove it to have one made")
            }
            return SecretEntry(name: "first-start", secret: text.span)
        } catch let error as SystemError where error.isNotFound {
            let secret = SecretGenerator.secret()
            try WholeFile.replace(madeFile, with: Array((secret + "\n").utf8).span)
            // The only time that a secret is said; from now on it is in the file alone.
            let line = "Made a secret for posting, kept in \(madeFile):\n\n    \(secret)\n\n"
            StandardStreams.writeError(Array(line.utf8).span)
            return SecretEntry(name: "first-start", secret: Array(secret.utf8).span)
        }
    }
}
