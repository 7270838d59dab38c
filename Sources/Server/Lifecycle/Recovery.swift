import Bytes
import Compression
import FrameLog
import Logging
import Posix
import TLS
import TimeFrame

/// The frames' store as this server has it: on a disk, with OpenSSL's digest and zlib's gzip.
typealias DiskFrameStore = FrameStore<DiskStorage, FrameDigest, FrameGzip>

/// What a start finds in the data directory, brought back to where the last run was.
struct Recovery {
    let store: DiskFrameStore
    let ingest: Ingest<DiskStorage>
    let catalog: CatalogCell

    init(_ configuration: ServerConfiguration, data: DataDirectory) throws {
        let logger = configuration.logger
        store = try DiskFrameStore(
            opening: data.storage, retention: configuration.retention,
            latenessMilliseconds: configuration.log.latenessMilliseconds,
            order: configuration.isGoCompatible ? .idFirst : .typeFirst)
        for warning in store.warnings { logger.warning("\(warning)") }
        ingest = try Ingest(
            opening: data.storage, settings: configuration.log, now: Clock.wallMilliseconds(),
            storedThrough: store.storedThrough, keys: store.keys)
        for warning in ingest.warnings { logger.warning("\(warning)") }
        catalog = CatalogCell(
            FrameCatalog(
                files: store.frames, retired: store.retired,
                members: configuration.isGoCompatible ? .go : .documented))
    }

    /// A clock that goes on from where the last run's was.
    var frameClock: FrameClock { FrameClock(floor: ingest.clockFloor) }
}

/// OpenSSL's SHA-256 for the store.
struct FrameDigest: ContentDigest, ~Copyable {
    private var digest = SHA256()

    init() {}

    mutating func update(_ octets: Span<UInt8>) { digest.update(octets) }

    mutating func finish() -> [UInt8] { digest.finish() }
}

/// zlib's gzip for the store.
struct FrameGzip: ContentCoding, ~Copyable {
    private var encoder: GzipEncoder

    init() throws { encoder = try GzipEncoder() }

    mutating func update(_ octets: Span<UInt8>, into coded: inout Buffer) {
        encoder.update(octets, into: &coded)
    }

    mutating func finish(into coded: inout Buffer) { encoder.finish(into: &coded) }
}
