import Bytes
import HTTPClient
import Posix
import TimeFrame

/// Where the frames of an export come from: files and directories, or a server. One is open at a time.
enum FrameSource {
    /// Files, in the order given.
    case files([FramePath])
    /// Frames of a server, oldest first.
    case server(RemoteServer, [IndexEntry])

    /// How many frames there are.
    var count: Int {
        switch self {
        case .files(let paths): paths.count
        case .server(_, let entries): entries.count
        }
    }

    /// Hands out one frame after the other.
    ///
    /// - Parameter removed: told the id of a frame that the server has removed since it was listed.
    func forEach(
        order: MetadataOrder, unless isCancelled: () -> Bool, removed: (String) -> Void,
        _ body: (borrowing FrameReader) throws -> Void
    ) throws {
        switch self {
        case .files(let paths):
            for path in paths {
                if isCancelled() { throw CommandFailure("interrupted") }
                let file = try path.open()
                let mapped = file.mapped
                try Self.read(mapped.octets, named: file.name, order: order, body)
            }
        case .server(let server, let entries):
            for entry in entries {
                let file = try TemporaryFile(in: Environment.value(of: "TMPDIR") ?? "/tmp")
                file.remove()
                do {
                    _ = try server.fetch(entry.id, into: file.file, unless: isCancelled)
                } catch let refusal as ServerRefusal where refusal.status == 404 || refusal.status == 410 {
                    removed(entry.id)
                    continue
                }
                let mapped = try file.file.map()
                try Self.read(mapped.octets, named: server.base.url([entry.id]), order: order, body)
            }
        }
    }

    private static func read(
        _ octets: Span<UInt8>, named name: String, order: MetadataOrder,
        _ body: (borrowing FrameReader) throws -> Void
    ) throws {
        let frame: FrameReader
        do throws(FrameError) {
            frame = try FrameReader(octets, order: order)
        } catch {
            throw CommandFailure("\(name) is no frame: \(error)")
        }
        try body(frame)
    }
}

/// A file that should hold a frame: one that was named, or an entry of a directory that was.
struct FramePath {
    private let directory: Directory?
    private let name: String

    /// The frames that a path names: the file, or all `*.frame` of a directory, by their numbers.
    static func frames(at path: String) throws -> [FramePath] {
        guard let directory = try? Directory(opening: path) else {  // What can't be opened as one is a file.
            return [FramePath(directory: nil, name: path)]
        }
        let numbered = try directory.names().filter { $0.hasSuffix(".frame") }
            .map { (number: number(of: $0), name: $0) }
        return numbered.sorted { ($0.number, $0.name) < ($1.number, $1.name) }
            .map { FramePath(directory: directory, name: $0.name) }
    }

    /// Opens it.
    func open() throws -> FrameFile {
        guard let directory else { return try FrameFile(name) }
        return try FrameFile(name, in: directory, path: directory.path(of: name))
    }

    /// The id that `1732310400000.frame` and the files of a data directory begin with; what has none comes
    /// last.
    private static func number(of name: String) -> UInt64 {
        Array(name.utf8.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }).span.decimal() ?? .max
    }
}
