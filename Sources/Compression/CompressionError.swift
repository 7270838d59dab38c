/// Why compression can't begin.
package enum CompressionError: Error, CustomStringConvertible {
    /// There is no memory for zlib's state: 256 KiB to compress, 8 KiB to inflate.
    case outOfMemory

    package var description: String { "zlib: out of memory" }
}
