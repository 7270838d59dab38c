import CLinux
import Glibc

/// A file, or standard error, that whole lines are appended to. One thread.
package struct LineStream: ~Copyable {
    /// What a pipe takes whole, without a line of another writer in between (pipe(7), PIPE_BUF).
    private static let pieceByteCountMax = 4096

    private let descriptor: Descriptor
    private let subject: String
    /// A file on a disk takes all lines at once, and nobody waits for its reader.
    private let isRegular: Bool

    /// Opens a file to append to, which others of the group may read. Made if missing.
    ///
    /// - Throws: `SystemError` of open(2); ENXIO for a pipe that nobody reads.
    package init(appendingTo path: String) throws(SystemError) {
        // SAFETY: the string lends its octets and a terminator for the length of the call.
        let number = unsafe open(
            path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0o640)
        if number < 0 { throw SystemError(call: "open", subject: path) }
        self.init(Descriptor(owning: number), path)
    }

    /// - Throws: `SystemError` where the process has no standard error, or no descriptor left.
    package static func standardError() throws(SystemError) -> LineStream {
        let number = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
        if number < 0 { throw SystemError(call: "fcntl", subject: "standard error") }
        return LineStream(Descriptor(owning: number), "standard error")
    }

    private init(_ descriptor: consuming Descriptor, _ subject: String) {
        var status = stat()
        // SAFETY: fstat fills the one structure it is given.
        isRegular = unsafe fstat(descriptor.number, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        self.descriptor = descriptor
        self.subject = subject
    }

    /// Appends lines, each of at most 4,096 octets, and each whole.
    ///
    /// - Parameter timeoutMilliseconds: how long to wait for a reader that takes nothing; -1 for ever.
    /// - Returns: how many octets were written: fewer than all where the time was over.
    /// - Throws: `SystemError` of poll(2) or write(2); what was written before it is.
    package func append(
        _ lines: Span<UInt8>, timeoutMilliseconds: Int32 = -1
    ) throws(SystemError) -> Int {
        var position = 0
        while position < lines.count {
            let rest = lines.extracting(position...)
            if isRegular {
                position += try write(rest)
                continue
            }
            guard try isWritable(within: timeoutMilliseconds) else { break }
            position += try write(rest.extracting(0..<Self.pieceByteCount(of: rest)))
        }
        return position
    }

    /// Octets of as many whole lines as can't be torn, or of what is left of one that was.
    private static func pieceByteCount(of lines: Span<UInt8>) -> Int {
        if lines.count <= pieceByteCountMax { return lines.count }
        var count = pieceByteCountMax
        while count > 0 && lines[count - 1] != UInt8(ascii: "\n") { count -= 1 }
        return count > 0 ? count : pieceByteCountMax
    }

    private func isWritable(within milliseconds: Int32) throws(SystemError) -> Bool {
        var event = pollfd(fd: descriptor.number, events: Int16(POLLOUT), revents: 0)
        while true {
            // SAFETY: one structure, which is this function's own.
            let count = unsafe poll(&event, 1, milliseconds)
            if count >= 0 { return count > 0 }
            if errno != EINTR { throw SystemError(call: "poll", subject: subject) }
        }
    }

    private func write(_ octets: Span<UInt8>) throws(SystemError) -> Int {
        while true {
            // SAFETY: write reads within the octets it is given.
            let count = unsafe octets.withUnsafeBytes {
                unsafe Glibc.write(descriptor.number, $0.baseAddress!, $0.count)
            }
            if count >= 0 { return count }
            // Another writer of the same pipe was quicker.
            if errno == EAGAIN { return 0 }
            if errno != EINTR { throw SystemError(call: "write", subject: subject) }
        }
    }
}
