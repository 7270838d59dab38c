package import Posix
import Synchronization

/// A frame in the store. Immutable but for its gzip form, which may come later; any thread may use it.
///
/// What a start finds may have been damaged by the disk since it was written. So a frame found is checked
/// against its digest by `FrameChecker`; one that is asked for before that is checked on the way, unless it
/// is large. What was stored in this run is taken for sound.
package final class StoredFrame: Sendable {
    /// What is known of a file.
    enum Condition {
        case unchecked
        case sound
        case damaged
    }

    /// The most octets that are checked on the way: it holds an event loop up for a millisecond or two, once.
    static let checkedAtOnceByteCountMax = 1 << 20

    private struct Forms {
        var condition: Condition
        var gzipCondition: Condition
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
        condition: Condition, mappings: FrameMappings
    ) {
        startTimestamp = name.start
        digest = name.digest
        self.endTimestamp = endTimestamp
        self.byteCount = byteCount
        self.mappings = mappings
        forms = Mutex(
            Forms(condition: condition, gzipCondition: condition, gzipByteCount: gzipByteCount))
    }

    var condition: Condition { forms.withLock { $0.condition } }
    var gzipCondition: Condition { forms.withLock { $0.gzipCondition } }

    /// What a check has found. A frame that is damaged stays so for this run.
    func note(_ condition: Condition) {
        // What is freed is freed outside of the lock.
        _ = forms.withLock { forms in
            if forms.condition != .damaged { forms.condition = condition }
            if condition != .damaged { return nil as MappedFile? }
            let mapped = forms.identity
            forms.identity = nil
            return mapped
        }
    }

    /// What a check of the gzip form has found.
    func noteGzip(_ condition: Condition) { forms.withLock { $0.gzipCondition = condition } }

    /// The octets of the gzip form, or nil where there is none.
    package var gzipByteCount: UInt64? { forms.withLock { $0.gzipByteCount } }

    /// The frame's octets, brought into memory when first asked for. Whoever holds them keeps them, also when
    /// the frame is removed.
    ///
    /// - Throws: `SystemError`; ENOENT where the frame has been removed, EBADMSG where it is damaged.
    package func identity() throws(SystemError) -> MappedFile {
        let (known, condition) = forms.withLock { ($0.identity, $0.condition) }
        if let known { return known }
        if condition == .damaged { throw damage }
        let mapped = try mappings.map(name(isGzip: false))
        if condition == .unchecked && byteCount <= Self.checkedAtOnceByteCountMax {
            let isSound = mappings.digest(of: mapped) == digest
            note(isSound ? .sound : .damaged)
            if !isSound { throw damage }
        }
        // A check may have found meanwhile what nobody is to be given.
        let isDamaged = forms.withLock { forms in
            if forms.condition != .damaged { forms.identity = mapped }
            return forms.condition == .damaged
        }
        if isDamaged { throw damage }
        mappings.keep(mapped, of: self)
        return mapped
    }

    private var damage: SystemError {
        SystemError(call: "check", subject: name(isGzip: false), code: SystemError.badContent)
    }

    /// The gzip form's octets, or nil where there is none that is known to be sound. Throws as `identity`.
    package func gzip() throws(SystemError) -> MappedFile? {
        let (mapped, exists) = forms.withLock {
            ($0.gzip, $0.gzipByteCount != nil && $0.gzipCondition == .sound)
        }
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
    func addGzip(byteCount: UInt64) {
        forms.withLock { forms in
            forms.gzipByteCount = byteCount
            forms.gzipCondition = .sound
        }
    }

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
