import Bytes
import Compression
import Posix

/// A file that is written from front to back, and the checksum of what went into it.
final class MCAPOutput {
    private let file: File
    /// Where the next octets go.
    private(set) var position: UInt64 = 0
    /// Of all octets since it was last set to a new one.
    var checksum = CRC32()

    init(to file: File) {
        self.file = file
    }

    /// Writes octets.
    func write(_ octets: Span<UInt8>) throws {
        if octets.isEmpty { return }
        try file.write(octets, at: position)
        checksum.update(octets)
        position += UInt64(octets.count)
    }

    /// Writes a record with the content that `fill` appends.
    func write(_ kind: MCAPRecord, _ fill: (inout Buffer) -> Void) throws {
        var content = Buffer()
        fill(&content)
        var record = Buffer()
        kind.append(content.octets, to: &record)
        try write(record.octets)
    }
}
