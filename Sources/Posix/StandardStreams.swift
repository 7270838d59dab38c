import Glibc

/// The process's standard streams, written whole (write(2)).
package enum StandardStreams {
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
