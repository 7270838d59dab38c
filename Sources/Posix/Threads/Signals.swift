import CLinux
import Glibc

/// Signals of this process, read as events by one thread (signalfd(2)) instead of interrupting any.
package struct Signals: ~Copyable {
    package let descriptor: Descriptor

    /// Blocks `numbers` for this thread and those it starts later, ignores SIGPIPE and SIGXFSZ, and makes a
    /// descriptor that reports the signals. Call it first thing, on the main thread.
    ///
    /// - Throws: `SystemError` where no descriptor is to be had.
    package init(of numbers: [Int32]) throws(SystemError) {
        var set = sigset_t()
        // SAFETY: the signal set is a value of this function, filled before it is read.
        unsafe sigemptyset(&set)
        for number in numbers { _ = unsafe sigaddset(&set, number) }
        let blocked = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        precondition(blocked == 0, "SIG_BLOCK with a valid set can't fail")
        // A peer that closed early, or a limit on file sizes, must be an error of the write, not the end of
        // the process.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        let number = unsafe signalfd(-1, &set, Int32(SFD_CLOEXEC))
        if number < 0 { throw SystemError(call: "signalfd", subject: "signals") }
        descriptor = Descriptor(owning: number)
    }

    /// Waits for the next signal and returns its number, or nil after `timeoutMilliseconds` (−1: no limit).
    package borrowing func next(timeoutMilliseconds: Int32 = -1) -> Int32? {
        var interest = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
        // SAFETY: poll and read get one structure each, with its own size.
        while true {
            let ready = unsafe poll(&interest, 1, timeoutMilliseconds)
            if ready == 0 { return nil }
            if ready < 0 && errno == EINTR { continue }
            var report = signalfd_siginfo()
            let count = unsafe read(descriptor.number, &report, MemoryLayout<signalfd_siginfo>.size)
            if count == MemoryLayout<signalfd_siginfo>.size { return Int32(report.ssi_signo) }
            if count < 0 && errno == EINTR { continue }
            return nil
        }
    }
}

extension Signals {
    /// SIGHUP, SIGINT and SIGTERM by their purpose.
    package static let hangUp: Int32 = SIGHUP
    package static let interrupt: Int32 = SIGINT
    package static let terminate: Int32 = SIGTERM
}
