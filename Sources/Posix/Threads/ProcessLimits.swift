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

    /// Processors this process may run on.
    package static var processorCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
