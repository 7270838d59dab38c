package import Bytes
import CZlib

/// Compresses octets into gzip files (RFC 1952), piece by piece, one file after another.
///
/// The same octets at the same level give the same file, in whatever pieces they come: the header holds no
/// name and no time, and names UNIX as the system (3). Holds 256 KiB while it lives. One owner, one thread.
@safe
package struct GzipEncoder: ~Copyable {
    /// On the heap, since zlib keeps the stream's address.
    private let stream: UnsafeMutablePointer<z_stream>

    /// The room given to zlib at a time.
    private static let pieceByteCount = 16 * 1024

    /// Makes an encoder.
    ///
    /// - Parameter level: 1, fastest, to 9, smallest.
    package init(level: Int = 6) throws(CompressionError) {
        precondition(level >= 1 && level <= 9, "a gzip level is 1 to 9")
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        // SAFETY: the stream is zeroed, as zlib wants it, and owned by this value until its deinit.
        unsafe stream.initialize(to: z_stream())
        guard unsafe gzipDeflateInit(stream, Int32(level)) == Z_OK else {
            unsafe stream.deallocate()
            throw .outOfMemory
        }
        unsafe self.stream = unsafe stream
    }

    deinit {
        // SAFETY: the stream was initialised, and nobody else holds it. What deflateEnd says of unwritten
        // data is no fault.
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Compresses more octets of the file; what comes out of it, if anything yet, is appended to `output`.
    ///
    /// All of it is appended at once: whoever compresses more than memory holds gives it in slices, and
    /// drains between.
    package mutating func update(_ octets: Span<UInt8>, into output: inout Buffer) {
        var position = 0
        while position < octets.count {
            // zlib counts input in 32 bits.
            let count = min(octets.count - position, Int(Int32.max))
            run(octets.extracting(position..<position + count), Z_NO_FLUSH, into: &output)
            position += count
        }
    }

    /// Brings out all that was compressed of the file so far, to a whole octet. What is compressed next
    /// refers to nothing before it (Z_FULL_FLUSH in zlib.h), so it can also stand behind something else.
    package mutating func endBlock(into output: inout Buffer) {
        run([UInt8]().span, Z_FULL_FLUSH, into: &output)
    }

    /// Ends the file and appends the rest of it to `output`. What is compressed next begins a new file.
    package mutating func finish(into output: inout Buffer) {
        run([UInt8]().span, Z_FINISH, into: &output)
        // SAFETY: the stream is initialised; deflateReset keeps its memory and level.
        let code = unsafe deflateReset(stream)
        precondition(code == Z_OK, "zlib refuses its own stream")
    }

    private mutating func run(_ octets: Span<UInt8>, _ flush: Int32, into output: inout Buffer) {
        // SAFETY: zlib reads avail_in octets at next_in and writes avail_out at next_out, which are the two
        // regions; both stay until the closures end, and the pointers are cleared before.
        unsafe octets.withUnsafeBufferPointer { input in
            unsafe stream.pointee.next_in = input.baseAddress
            unsafe stream.pointee.avail_in = UInt32(input.count)
            var isDone = false
            while !isDone {
                output.withFree(minimum: Self.pieceByteCount) { free in
                    unsafe free.withUnsafeMutableBufferPointer { room, count in
                        unsafe stream.pointee.next_out = room.baseAddress
                        unsafe stream.pointee.avail_out = UInt32(clamping: room.count)
                        let given = unsafe stream.pointee.avail_out
                        let code = unsafe deflate(stream, flush)
                        // Z_BUF_ERROR: there was nothing to do, which is no fault (deflate in zlib.h).
                        precondition(
                            code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR,
                            "zlib refuses its own stream")
                        count = unsafe Int(given - stream.pointee.avail_out)
                        // Room left over means that all was taken and written.
                        isDone =
                            unsafe flush == Z_FINISH ? code == Z_STREAM_END : stream.pointee.avail_out > 0
                    }
                }
            }
            unsafe stream.pointee.next_in = nil
            unsafe stream.pointee.next_out = nil
        }
    }
}
