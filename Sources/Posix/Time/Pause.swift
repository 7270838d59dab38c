import Glibc

/// A thread's rest.
package enum Pause {
    /// Waits so long; a signal that this thread takes ends it sooner.
    package static func wait(milliseconds: UInt64) {
        // poll(2) without descriptors only waits.
        _ = poll(nil, 0, Int32(clamping: milliseconds))
    }
}
