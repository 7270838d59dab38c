import CLinux
import Glibc

/// Limits that the system sets to this process (getrlimit(2)).
package enum ProcessLimits {
    /// Raises the soft limit of open descriptors to the hard one and returns it.
    package static func raiseDescriptorsMax() -> Int {
        var limit = rlimit()
        // SAFETY: both calls read or fill the one structure they are given.
        if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 { return 1024 }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 { return 1024 }
        return Int(clamping: limit.rlim_cur)
    }

    /// Makes room for so many descriptors in the kernel's table, for a process that has one thread yet.
    ///
    /// The kernel does so by itself where one is opened that finds no room, but waits until no processor uses
    /// the old table where there are several threads: 13 ms each time.
    package static func reserveDescriptors(_ count: Int) {
        let highest = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, CInt(clamping: count - 1))
        if highest >= 0 { _ = Descriptor(owning: highest) }
    }

    /// Processors this process may run on.
    package static var processorCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
