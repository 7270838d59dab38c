import Bytes
import Posix

/// Standard output, in pieces large enough that a system call for each costs little.
struct OutputWriter: ~Copyable, OctetSink {
    private static let pieceByteCount = 64 * 1024

    private var staged = Buffer()
    /// Whether nobody reads any more.
    private(set) var isClosed = false

    mutating func append(_ octet: UInt8) {
        staged.append(octet)
        if staged.count >= Self.pieceByteCount { flush() }
    }

    mutating func append(copying octets: Span<UInt8>) {
        staged.append(copying: octets)
        if staged.count >= Self.pieceByteCount { flush() }
    }

    /// Writes what is staged.
    mutating func flush() {
        if !isClosed && !staged.isEmpty { isClosed = !StandardStreams.writeOutput(staged.octets) }
        staged.removeAll()
    }

    /// Writes the rest, and says so where not all could be written.
    mutating func finish() throws {
        flush()
        if isClosed { throw CommandFailure.outputFailed }
    }
}

/// Lines for people.
enum Lines {
    /// Prints a result on standard output; throws where it could not be written.
    static func print(_ line: String) throws(CommandFailure) {
        if !StandardStreams.writeOutput(Array((line + "\n").utf8).span) { throw .outputFailed }
    }

    /// Says something about the work on standard error.
    static func say(_ line: String) {
        StandardStreams.writeError(Array((line + "\n").utf8).span)
    }
}
