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
