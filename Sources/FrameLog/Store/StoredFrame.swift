package import Posix
import Synchronization

/// A frame in the store. Immutable but for its gzip form, which may come later; any thread may use it.
package final class StoredFrame: Sendable {
    private struct Forms {
        var identity: MappedFile?
        var gzip: MappedFile?
        var gzipByteCount: UInt64?
    }

    /// Milliseconds since the UNIX epoch, and the frame's id.
    package let startTimestamp: UInt64
    package let endTimestamp: UInt64
    package let byteCount: UInt64
    /// SHA-256 of the frame, 32 octets.
    package let digest: [UInt8]

    private let forms: Mutex<Forms>
    private let mappings: FrameMappings

    init(
        name: FrameName, endTimestamp: UInt64, byteCount: UInt64, gzipByteCount: UInt64?,
        mappings: FrameMappings
    ) {
        startTimestamp = name.start
        digest = name.digest
        self.endTimestamp = endTimestamp
        self.byteCount = byteCount
        self.mappings = mappings
        forms = Mutex(Forms(gzipByteCount: gzipByteCount))
    }

    /// The octets of the gzip form, or nil where there is none.
    package var gzipByteCount: UInt64? { forms.withLock { $0.gzipByteCount } }

    /// The frame's octets, brought into memory when first asked for. Whoever holds them keeps them, also when
    /// the frame is removed.
    ///
    /// - Throws: `SystemError`; ENOENT where the frame has been removed.
    package func identity() throws(SystemError) -> MappedFile {
        if let mapped = forms.withLock({ $0.identity }) { return mapped }
        let mapped = try mappings.map(name(isGzip: false))
        forms.withLock { $0.identity = mapped }
        mappings.keep(mapped, of: self)
        return mapped
    }

    /// The gzip form's octets, or nil where there is none. Throws as `identity` does.
    package func gzip() throws(SystemError) -> MappedFile? {
        let (mapped, exists) = forms.withLock { ($0.gzip, $0.gzipByteCount != nil) }
        if mapped != nil || !exists { return mapped }
        let form = try mappings.map(name(isGzip: true))
        forms.withLock { $0.gzip = form }
        mappings.keep(form, of: self)
        return form
    }

    func name(isGzip: Bool) -> String {
        FrameName(start: startTimestamp, digest: digest, isGzip: isGzip).text
    }

    /// Says that the gzip form is in the store now.
    func addGzip(byteCount: UInt64) { forms.withLock { $0.gzipByteCount = byteCount } }

    /// Gives up what is held; it is brought into memory again when asked for.
    func unmap() {
        // What is freed is freed outside of the lock.
        _ = forms.withLock { forms in
            let mapped = (forms.identity, forms.gzip)
            forms.identity = nil
            forms.gzip = nil
            return mapped
        }
    }
}
