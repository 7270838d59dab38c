import CLinux
import Glibc

/// Wakes a thread that waits in a poller, from any other thread (eventfd(2)).
package struct Wake: ~Copyable, Sendable {
    package let descriptor: Descriptor

    /// - Throws: `SystemError` where no descriptor is to be had.
    package init() throws(SystemError) {
        let number = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        if number < 0 { throw SystemError(call: "eventfd", subject: "a thread's wake") }
        descriptor = Descriptor(owning: number)
    }

    /// Makes the descriptor readable. Many calls before the next `clear` count as one.
    package borrowing func signal() {
        // EAGAIN would mean that 2^64−2 signals wait already: the thread is awake in that case too.
        _ = eventfd_write(descriptor.number, 1)
    }

    /// Makes the descriptor unreadable again until the next `signal`.
    package borrowing func clear() {
        var count: eventfd_t = 0
        // SAFETY: eventfd_read fills the one integer it is given; EAGAIN means that nothing was signalled.
        _ = unsafe eventfd_read(descriptor.number, &count)
    }
}
