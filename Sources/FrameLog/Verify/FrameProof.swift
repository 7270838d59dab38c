import Bytes
import Posix
import TimeFrame

/// Whether a frame's file, or its gzip form, is what its name says.
struct FrameProof<
    Volume: Storage, Digest: ContentDigest & ~Copyable, Decoding: ContentDecoding & ~Copyable
> {
    /// What is wrong, and where.
    struct Fault: Error {
        let offset: Int?
        let detail: String
        /// Whether the octets are what was written, by a later version of this program.
        var isUnsupported = false
    }

    /// Octets that are read at a time.
    private static var pieceByteCount: Int { 256 << 10 }

    let folder: Volume

    /// Checks a frame: its digest, its structure, its time. Its order is noted nowhere, and either will do.
    ///
    /// - Returns: its end.
    /// - Throws: `Fault`, or `SystemError` other than EIO.
    func check(_ name: FrameName) throws -> UInt64 {
        let file = try folder.open(name.text, .read)
        var digest = Digest()
        try Self.read(file) { digest.update($0) }
        let isRight = digest.finish() == name.digest
        let content = try file.map()
        let frame: FrameReader
        do throws(FrameError) {
            frame = try FrameReader(inEitherOrder: content.octets)
        } catch {
            throw Fault(
                offset: Int(error.offset), detail: "no frame: \(error.reason)",
                isUnsupported: isRight && Self.isOfAnotherVersion(content))
        }
        if !isRight { throw Fault(offset: nil, detail: "its SHA-256 isn't the one in its name") }
        if frame.header.startTimestamp != name.start {
            let detail = "the frame is \(frame.header.startTimestamp), which its name denies"
            throw Fault(offset: 14, detail: detail)
        }
        return frame.header.endTimestamp
    }

    /// Checks a frame's digest alone, and calls `body` after every piece.
    ///
    /// - Throws: `Fault`, `SystemError` other than EIO, or what `body` throws.
    func checkDigest(_ name: FrameName, _ body: () throws -> Void) throws {
        var digest = Digest()
        try Self.read(folder.open(name.text, .read)) { piece in
            digest.update(piece)
            try body()
        }
        if digest.finish() != name.digest {
            throw Fault(offset: nil, detail: "its SHA-256 isn't the one in its name")
        }
    }

    private static func isOfAnotherVersion(_ content: MappedFile) -> Bool {
        if content.byteCount < FrameHeader.byteCount { return false }
        return content.octets.bigEndian(at: 0, as: UInt16.self) != FrameHeader.version
    }

    /// How many items a damaged frame had, where its structure can still be read.
    func itemCount(_ name: String) -> UInt64? {
        // Nothing depends on it: it is only said.
        guard let content = try? folder.open(name, .read).map() else { return nil }
        let frame: FrameReader
        do throws(FrameError) {
            frame = try FrameReader(inEitherOrder: content.octets)
        } catch {
            return nil
        }
        return UInt64(frame.itemCount)
    }

    /// Inflates a gzip form and hands on its content, which may be wrong until this returns.
    ///
    /// - Throws: `Fault` where it isn't the frame that its name says, `SystemError`, or what `body` throws.
    func inflate(
        _ name: FrameName, byteCountMax: UInt64, _ body: (Span<UInt8>) throws -> Void = { _ in }
    ) throws {
        let file = try folder.open(name.text, .read)
        var digest = Digest()
        var decoding = try Decoding(byteCountMax: byteCountMax)
        var content = Buffer()
        var position = 0
        try Self.read(file) { piece in
            var offset = 0
            while true {
                content.removeAll()
                guard let step = decoding.update(piece.extracting(offset..<piece.count), into: &content)
                else { throw Fault(offset: position + offset, detail: "no gzip of the frame") }
                digest.update(content.octets)
                try body(content.octets)
                offset += step.consumed
                if offset == piece.count && !step.hasMore { break }
            }
            position += piece.count
        }
        if !decoding.isWhole { throw Fault(offset: position, detail: "the gzip form is cut off") }
        if digest.finish() != name.digest {
            throw Fault(offset: nil, detail: "what it inflates to isn't the frame in its name")
        }
    }

    /// Reads a file to its end, piece by piece.
    private static func read(_ file: Volume.File, _ body: (Span<UInt8>) throws -> Void) throws {
        var piece = Buffer()
        var position: UInt64 = 0
        while true {
            piece.removeAll()
            do throws(SystemError) {
                _ = try file.read(at: position, count: pieceByteCount, into: &piece)
            } catch {
                if !error.isMediaFault { throw error }
                throw Fault(offset: Int(position) + piece.count, detail: "the disk can't read it")
            }
            if piece.isEmpty { return }
            position += UInt64(piece.count)
            try body(piece.octets)
        }
    }
}
