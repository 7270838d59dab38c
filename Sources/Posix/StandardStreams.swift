import Glibc

/// The process's standard streams, written whole (write(2)).
package enum StandardStreams {
    /// Takes the numbers of streams that the process was started without, so that no file or socket gets one
    /// and is written to in its stead. Reading and writing them fails as before. To be called before
    /// anything else is opened.
    package static func reserveMissing() {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 && errno == EBADF {
            // The lowest free number is the one wanted (open(2)). Open the wrong way round, it is of no use.
            // SAFETY: the literal lends its octets and a terminator for the length of the call.
            _ = unsafe open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Writes to standard output; false where nobody reads it any more.
    @discardableResult
    package static func writeOutput(_ octets: Span<UInt8>) -> Bool { write(octets, to: STDOUT_FILENO) }

    /// Writes to standard error; false where nobody reads it any more.
    @discardableResult
    package static func writeError(_ octets: Span<UInt8>) -> Bool { write(octets, to: STDERR_FILENO) }

    /// Writes to standard output, and lets go of a reader that takes nothing, once that is asked for.
    ///
    /// - Parameter isCancelled: asked a few times a second while nobody reads.
    /// - Returns: false where nobody reads any more, or where it was cancelled; then only a part was written.
    package static func writeOutput(_ octets: Span<UInt8>, unless isCancelled: () -> Bool) -> Bool {
        var offset = 0
        while offset < octets.count {
            var interest = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
            // SAFETY: poll gets one structure, and changes its result.
            let ready = unsafe poll(&interest, 1, lookMilliseconds)
            if ready < 0 && errno != EINTR { return false }
            if ready <= 0 {
                if isCancelled() { return false }
                continue
            }
            // A pipe that takes anything takes as much at once (pipe(7), PIPE_BUF).
            let end = min(octets.count, offset + pipeByteCountAtOnce)
            if !writeOutput(octets.extracting(offset..<end)) { return false }
            offset = end
        }
        return true
    }

    /// Whether standard output is a pipe or a socket that nobody reads any more.
    package static var isOutputClosed: Bool {
        var interest = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        // SAFETY: poll gets one structure, and changes its result.
        return unsafe poll(&interest, 1, 0) > 0 && interest.revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0
    }

    private static let pipeByteCountAtOnce = 4096
    /// A person who asks for the end has it in as much.
    private static let lookMilliseconds: Int32 = 200

    private static func write(_ octets: Span<UInt8>, to number: Int32) -> Bool {
        // SAFETY: write reads within the octets it is given.
        unsafe octets.withUnsafeBytes { octets in
            var offset = 0
            while offset < octets.count {
                let count = unsafe Glibc.write(number, octets.baseAddress! + offset, octets.count - offset)
                if count > 0 {
                    offset += count
                } else if count == 0 || errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}
