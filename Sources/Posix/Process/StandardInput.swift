package import Bytes
import Glibc

/// The process's standard input (read(2)).
package enum StandardInput {
    /// How much is read in one call: a pipe holds as much by default (pipe(7)).
    private static let pieceByteCount = 64 * 1024

    /// All octets up to the end.
    ///
    /// - Parameter byteCountMax: more is refused with EFBIG, as soon as it is there.
    /// - Throws: `SystemError`.
    package static func readAll(byteCountMax: Int) throws(SystemError) -> Buffer {
        var buffer = Buffer()
        while true {
            let count = buffer.withFree(minimum: pieceByteCount) { free in
                // SAFETY: read fills at most the free memory that there is, and returns how much it filled.
                unsafe free.withUnsafeMutableBufferPointer { memory, filled in
                    let count = unsafe read(STDIN_FILENO, memory.baseAddress!, memory.count)
                    if count > 0 { filled += count }
                    return count
                }
            }
            if count == 0 { return buffer }
            if count < 0 && errno != EINTR { throw SystemError(call: "read", subject: "standard input") }
            if buffer.count > byteCountMax {
                throw SystemError(call: "read", subject: "standard input", code: EFBIG)
            }
        }
    }
}
