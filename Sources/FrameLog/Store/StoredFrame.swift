package import Posix

/// A frame in the store. Immutable but for its gzip form, which may come later; any thread may use it.
package final class StoredFrame: Sendable {
    /// Milliseconds since the UNIX epoch, and the frame's id.
    package let startTimestamp: UInt64
    package let endTimestamp: UInt64
    package let byteCount: UInt64
    /// SHA-256 of the frame, 32 octets.
    package let digest: [UInt8]

    init(startTimestamp: UInt64, endTimestamp: UInt64, byteCount: UInt64, digest: [UInt8]) {
        self.startTimestamp = startTimestamp
        self.endTimestamp = endTimestamp
        self.byteCount = byteCount
        self.digest = digest
    }

    /// The octets of the gzip form, or nil where there is none.
    package var gzipByteCount: UInt64? { fatalError("not built yet") }

    /// The frame's octets, mapped when first asked for. Whoever holds them keeps them, also when the frame is removed.
    ///
    /// - Throws: `SystemError`; ENOENT where the frame has been removed.
    package func identity() throws(SystemError) -> MappedFile { fatalError("not built yet") }

    /// The gzip form's octets, or nil where there is none. Throws as `identity` does.
    package func gzip() throws(SystemError) -> MappedFile? { fatalError("not built yet") }
}
