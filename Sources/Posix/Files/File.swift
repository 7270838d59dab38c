package import Bytes
import CLinux
import Glibc

/// An open file, read and written at positions, so that any thread may use it without a lock.
///
/// Two threads must not write the same octets, and none may read octets that another is writing: who shares a
/// file says how that is kept apart.
package final class File: Sendable {
    /// What may be done with a file, and what becomes of one that isn't there.
    package enum Access: Sendable {
        /// Reads a file that must exist.
        case read
        /// Reads and writes a file that must exist.
        case readWrite
        /// Makes an empty file, mode 0600, in place of one that may have been there, and reads and writes it.
        case create
    }

    /// How many pieces one system call gathers. Each is held by one level of a recursion; Linux takes 1,024
    /// (IOV_MAX).
    static let piecesMax = 64

    /// How much a pipe holds by default (pipe(7)).
    private static let pipeByteCount = 64 * 1024

    /// The path it was opened by, for messages: it may have been renamed since.
    package let path: String
    private let descriptor: Descriptor

    init(owning descriptor: consuming Descriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// The octets the file has.
    ///
    /// - Throws: `SystemError` of fstat(2).
    package func byteCount() throws(SystemError) -> UInt64 {
        var status = stat()
        // SAFETY: fstat fills the one structure it is given.
        if unsafe fstat(descriptor.number, &status) != 0 { throw SystemError(call: "fstat", subject: path) }
        return UInt64(status.st_size)
    }

    /// Whether it is a file on a disk, which has its octets at positions and knows how many: no pipe, device
    /// or directory.
    ///
    /// - Throws: `SystemError` of fstat(2).
    package func isRegular() throws(SystemError) -> Bool {
        var status = stat()
        // SAFETY: fstat fills the one structure it is given.
        if unsafe fstat(descriptor.number, &status) != 0 { throw SystemError(call: "fstat", subject: path) }
        return status.st_mode & S_IFMT == S_IFREG
    }

    /// All octets up to the end, of what need not be regular, such as a pipe.
    ///
    /// - Parameter byteCountMax: more is refused with EFBIG, as soon as it is there.
    /// - Throws: `SystemError` of read(2); EISDIR for a directory.
    package func readToEnd(byteCountMax: Int) throws(SystemError) -> Buffer {
        var buffer = Buffer()
        while true {
            let count = buffer.withFree(minimum: Self.pipeByteCount) { free in
                // SAFETY: read fills at most the free memory that there is, and returns how much it filled.
                unsafe free.withUnsafeMutableBufferPointer { memory, filled in
                    let count = unsafe Glibc.read(descriptor.number, memory.baseAddress!, memory.count)
                    if count > 0 { filled += count }
                    return count
                }
            }
            if count == 0 { return buffer }
            if count < 0 && errno != EINTR { throw SystemError(call: "read", subject: path) }
            if buffer.count > byteCountMax { throw SystemError.tooLarge(path) }
        }
    }

    /// Appends up to `count` octets from `position` on to `buffer`, and returns how many: fewer only at the
    /// file's end.
    ///
    /// - Throws: `SystemError` of pread(2); what was read before stays in the buffer.
    package func read(at position: UInt64, count: Int, into buffer: inout Buffer) throws(SystemError) -> Int {
        var taken = 0
        while taken < count {
            let wanted = count - taken
            let got = buffer.withFree(minimum: wanted) { free in
                // SAFETY: pread fills at most `wanted` octets of the free memory, which holds at least as
                // many, and what it returns is how many it filled.
                unsafe free.withUnsafeMutableBufferPointer { memory, filled in
                    let got = unsafe pread(
                        descriptor.number, memory.baseAddress!, wanted, off_t(position) + off_t(taken))
                    if got > 0 { filled += got }
                    return got
                }
            }
            if got == 0 { break }
            if got < 0 {
                if errno == EINTR { continue }
                throw SystemError(call: "pread", subject: path)
            }
            taken += got
        }
        return taken
    }

    /// Writes all of `octets` at `position`, extending the file where they pass its end.
    ///
    /// - Throws: `SystemError` of pwrite(2); any part of the octets may have been written.
    package func write(_ octets: Span<UInt8>, at position: UInt64) throws(SystemError) {
        var written = 0
        while written < octets.count {
            // SAFETY: pwrite reads the octets of the span, within the closure that lends its memory.
            let put = unsafe octets.extracting(written..<octets.count).withUnsafeBufferPointer {
                unsafe pwrite(descriptor.number, $0.baseAddress!, $0.count, off_t(position) + off_t(written))
            }
            if put < 0 {
                if errno == EINTR { continue }
                throw SystemError(call: "pwrite", subject: path)
            }
            written += put
        }
    }

    /// Writes all pieces one after the other at `position`, with as few system calls as they fit in.
    ///
    /// - Throws: `SystemError` of pwritev(2); any part of the pieces may have been written.
    package func write(_ pieces: [OctetPiece], at position: UInt64) throws(SystemError) {
        var next = position
        var index = 0
        var skipped = 0  // Octets of pieces[index] that an earlier call took already.
        while index < pieces.count {
            if pieces[index].range.count == skipped {
                index += 1
                skipped = 0
                continue
            }
            let last = min(pieces.count, index + Self.piecesMax)
            // SAFETY: the vectors hold nothing yet: `gather` says what they may point to.
            var vectors = unsafe [iovec]()
            unsafe vectors.reserveCapacity(last - index)
            let put = unsafe gather(
                pieces, from: index, to: last, skipping: skipped, at: next, into: &vectors)
            if put < 0 {
                if errno == EINTR { continue }
                throw SystemError(call: "pwritev", subject: path)
            }
            next += UInt64(put)
            var left = put
            while left > 0 {
                let rest = pieces[index].range.count - skipped
                let taken = min(rest, left)
                left -= taken
                skipped += taken
                if taken == rest {
                    index += 1
                    skipped = 0
                }
            }
        }
    }

    /// Lends the memory of one piece after the other, each to the next call of this function, and writes when
    /// it has all.
    private func gather(
        _ pieces: [OctetPiece], from index: Int, to last: Int, skipping skipped: Int, at position: UInt64,
        into vectors: inout [iovec]
    ) -> Int {
        if index == last {
            // SAFETY: the callers of this level lend all memory that the vectors point to.
            return unsafe pwritev(descriptor.number, vectors, Int32(vectors.count), off_t(position))
        }
        // SAFETY: every vector points into memory that a closure around this call lends, so it is valid until
        // the write at the bottom of the recursion has returned; pwritev only reads it.
        return unsafe pieces[index].octets.withUnsafeBufferPointer { memory in
            let part = unsafe UnsafeBufferPointer(rebasing: memory[pieces[index].range.dropFirst(skipped)])
            unsafe vectors.append(
                iovec(iov_base: UnsafeMutableRawPointer(mutating: part.baseAddress), iov_len: part.count))
            return unsafe gather(pieces, from: index + 1, to: last, skipping: 0, at: position, into: &vectors)
        }
    }

    /// Sets room aside for the first `byteCount` octets and makes the file at least that long. Their content
    /// is not written: the first write to them changes metadata, so they are to be filled before they are
    /// used.
    ///
    /// - Throws: `SystemError` of posix_fallocate(3), ENOSPC at once where there isn't enough room.
    package func allocate(byteCount: UInt64) throws(SystemError) {
        while true {
            let code = posix_fallocate(descriptor.number, 0, off_t(byteCount))
            if code == 0 { return }
            if code != EINTR { throw SystemError(call: "posix_fallocate", subject: path, code: code) }
        }
    }

    /// Returns when the file's octets, and its length where that changed, are on the disk.
    ///
    /// - Throws: `SystemError` of fdatasync(2). After an error nobody knows which octets are on the disk, and
    ///   a further sync that succeeds says nothing about them (fsync(2), "Errors").
    package func sync() throws(SystemError) {
        while fdatasync(descriptor.number) != 0 {
            if errno != EINTR { throw SystemError(call: "fdatasync", subject: path) }
        }
    }

    /// The whole file in memory, as it is now and for reading only.
    ///
    /// - Throws: `SystemError` of fstat(2), mmap(2) or pread(2).
    package func map() throws(SystemError) -> MappedFile {
        try MappedFile(descriptor.number, byteCount: byteCount(), path: path)
    }

    /// Takes the lock of flock(2) on this file, for as long as the file is open. False where another process
    /// has it.
    func lock() throws(SystemError) -> Bool {
        while flock(descriptor.number, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            if errno != EINTR { throw SystemError(call: "flock", subject: path) }
        }
        return true
    }
}
