import Bytes
import Compression
package import FrameLog
import Posix

/// The check of a data directory as this server writes it: on a disk, with OpenSSL's digest and zlib's gzip.
package struct DataCheck {
    private typealias Check = DirectoryCheck<DiskStorage, FrameDigest, FrameInflation>

    private let check: Check
    private let path: String

    /// - Parameters:
    ///   - path: the data directory.
    ///   - progress: hears now and then how many octets of how many were checked.
    /// - Throws: `SystemError`, or `NoDataDirectory`.
    package init(
        _ path: String, progress: @escaping (_ done: UInt64, _ total: UInt64) -> Void
    ) throws {
        guard let storage = try DiskStorage.existing(path) else { throw NoDataDirectory(path: path) }
        check = Check(storage, progress: progress)
        if try !check.isDataDirectory() { throw NoDataDirectory(path: path) }
        self.path = path
    }

    /// Reads everything and changes nothing, also beside a running server.
    ///
    /// - Throws: `SystemError`.
    package func run() throws -> DirectoryReport { try check.check() }

    /// Repairs what is damaged, with the directory's lock held.
    ///
    /// - Throws: `SystemError`, or `FrameLogError` where a server owns the directory, or a later version of
    ///   this program wrote something.
    package func repair() throws -> RepairReport {
        let owned = try DataDirectory(path)
        return try withExtendedLifetime(owned) { try check.repair() }
    }
}

/// A path that isn't a data directory's.
package struct NoDataDirectory: Error, CustomStringConvertible {
    let path: String

    package var description: String {
        "\(path): no data directory, since it has neither 'log' nor 'frames'; choose one with --data-dir"
    }
}

/// zlib's inflate for the check.
struct FrameInflation: ContentDecoding, ~Copyable {
    private static let pieceByteCount = 256 << 10

    private var inflater: Inflater

    /// The gzip forms are this program's own: how dense they are is no sign of anything.
    init(byteCountMax: UInt64) throws {
        inflater = try Inflater(limits: InflateLimits(byteCountMax: byteCountMax, ratioMax: .max))
    }

    var isWhole: Bool { inflater.isWhole }

    mutating func update(
        _ coded: Span<UInt8>, into content: inout Buffer
    ) -> (consumed: Int, hasMore: Bool)? {
        let (consumed, state) = inflater.inflate(coded, into: &content, outputMax: Self.pieceByteCount)
        switch state {
        case .needsInput: return (consumed, false)
        case .needsRoom: return (consumed, true)
        case .tooLarge, .tooDense, .corrupt: return nil
        }
    }
}
