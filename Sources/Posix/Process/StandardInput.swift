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
            let count = fill(&buffer)
            if count == 0 { return buffer }
            if count < 0 && errno != EINTR { throw SystemError(call: "read", subject: "standard input") }
            if buffer.count > byteCountMax {
                throw SystemError(call: "read", subject: "standard input", code: EFBIG)
            }
        }
    }

    /// What came of waiting for input.
    package enum Piece: Sendable {
        /// Octets were appended.
        case octets
        /// Nothing came in time.
        case none
        /// Nothing will come any more.
        case end
    }

    /// Appends what there is, up to a pipe's worth, or waits for it.
    ///
    /// - Parameter timeoutMilliseconds: how long to wait; 0 doesn't.
    /// - Throws: `SystemError`.
    package static func readPiece(
        into buffer: inout Buffer, timeoutMilliseconds: Int32
    ) throws(SystemError) -> Piece {
        var interest = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        // SAFETY: poll gets one structure.
        let ready = unsafe poll(&interest, 1, timeoutMilliseconds)
        if ready == 0 || ready < 0 && errno == EINTR { return .none }
        if ready < 0 { throw SystemError(call: "poll", subject: "standard input") }
        while true {
            let count = fill(&buffer)
            if count > 0 { return .octets }
            if count == 0 { return .end }
            if errno == EAGAIN { return .none }
            if errno != EINTR { throw SystemError(call: "read", subject: "standard input") }
        }
    }

    /// Appends what one read(2) gives, and returns what that returned.
    private static func fill(_ buffer: inout Buffer) -> Int {
        buffer.withFree(minimum: pieceByteCount) { free in
            // SAFETY: read fills at most the free memory that there is, and returns how much it filled.
            unsafe free.withUnsafeMutableBufferPointer { memory, filled in
                let count = unsafe read(STDIN_FILENO, memory.baseAddress!, memory.count)
                if count > 0 { filled += count }
                return count
            }
        }
    }
}
