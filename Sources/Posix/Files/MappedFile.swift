import CLinux
import Glibc

/// A file's octets in memory, for reading, shared by whoever holds a reference and given back with the last.
/// A file of a page is read, since mapping it and taking the mapping away costs several times as much; what
/// is larger is mapped.
///
/// The file may be renamed or removed meanwhile: the octets stay. It must not be made shorter, since reading
/// past its end ends the process (mmap(2), SIGBUS), and so does a disk that can't read a page.
@safe
package final class MappedFile: Sendable {
    // SAFETY: nothing writes through this pointer, and the memory is freed by `deinit` alone.
    private nonisolated(unsafe) let memory: UnsafeBufferPointer<UInt8>
    /// Whether the octets are a mapping, and not a copy that is this object's own.
    package let isMapped: Bool

    /// Files of at most so many octets are read.
    static let readByteCountMax = 4096

    /// Takes the first `byteCount` octets.
    init(_ descriptor: Int32, byteCount: UInt64, path: String) throws(SystemError) {
        isMapped = byteCount > Self.readByteCountMax
        if !isMapped {
            unsafe memory = try Self.read(descriptor, byteCount: Int(byteCount), path)
            return
        }
        guard let length = Int(exactly: byteCount) else {
            throw SystemError(call: "mmap", subject: path, code: EFBIG)
        }
        // SAFETY: a new mapping, for reading, at an address the kernel chooses; it overlaps nothing.
        let address = unsafe mmap(nil, length, PROT_READ, MAP_SHARED, descriptor, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            throw SystemError(call: "mmap", subject: path)
        }
        unsafe memory = UnsafeBufferPointer(start: address.assumingMemoryBound(to: UInt8.self), count: length)
    }

    private static func read(
        _ descriptor: Int32, byteCount: Int, _ path: String
    ) throws(SystemError) -> UnsafeBufferPointer<UInt8> {
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: byteCount)
        var taken = 0
        while taken < byteCount {
            // SAFETY: pread fills at most what is left of the new memory.
            let got = unsafe pread(
                descriptor, copy.baseAddress! + taken, byteCount - taken, off_t(taken))
            if got < 0 && errno == EINTR { continue }
            if got <= 0 {
                let error = SystemError(call: "pread", subject: path, code: got == 0 ? EIO : errno)
                unsafe copy.deallocate()
                throw error
            }
            taken += got
        }
        return UnsafeBufferPointer(copy)
    }

    /// Holds a copy of `octets` instead of a file, for storage that has no files.
    package init(copying octets: Span<UInt8>) {
        isMapped = false
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: octets.count)
        // SAFETY: the new memory is as long as what is copied into it.
        unsafe octets.withUnsafeBufferPointer { source in _ = unsafe copy.initialize(from: source) }
        unsafe memory = UnsafeBufferPointer(copy)
    }

    deinit {
        // SAFETY: whoever borrowed the octets held a reference, and there is none left.
        if isMapped {
            unsafe munmap(UnsafeMutableRawPointer(mutating: memory.baseAddress!), memory.count)
        } else {
            unsafe memory.deallocate()
        }
    }

    /// How many octets there are.
    package var byteCount: Int { unsafe memory.count }

    /// All octets of the file.
    package var octets: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // SAFETY: the memory lives as long as this object, which the span's borrow keeps alive.
            let span = unsafe Span(_unsafeElements: memory)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}
