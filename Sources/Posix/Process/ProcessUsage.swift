import Bytes
import CLinux
import Glibc

/// What this process has used and holds now (getrusage(2), proc(5)).
package struct ProcessUsage: Sendable {
    /// User and system time of all threads so far.
    package let cpuMicroseconds: UInt64
    /// Resident memory, mapped files included; 0 where the system doesn't say.
    package let residentByteCount: UInt64
    /// Open descriptors; 0 where the system doesn't say.
    package let descriptorCount: Int

    /// Asks the system: some system calls, so not for every request.
    package static func now() -> ProcessUsage {
        var usage = rusage()
        // SAFETY: getrusage fills the one structure it is given.
        let isKnown = unsafe getrusage(RUSAGE_SELF.rawValue, &usage) == 0
        let pageByteCount = UInt64(sysconf(Int32(_SC_PAGESIZE)))
        return ProcessUsage(
            cpuMicroseconds: isKnown ? microseconds(usage.ru_utime) + microseconds(usage.ru_stime) : 0,
            residentByteCount: residentPageCount() * pageByteCount,
            descriptorCount: descriptorCount())
    }

    /// Since Linux 6.2 the folder's size is how many there are. Before, it has to be read, which takes some
    /// milliseconds where there are thousands.
    private static func descriptorCount() -> Int {
        var status = stat()
        // SAFETY: stat reads a path and fills the one structure it is given.
        if unsafe stat("/proc/self/fd", &status) == 0 && status.st_size > 0 { return status.st_size }
        // The one that reads the folder is among them. Where there is no /proc nobody can say it.
        return max(0, ((try? Directory(opening: "/proc/self/fd").names().count) ?? 1) - 1)
    }

    private static func microseconds(_ time: timeval) -> UInt64 {
        UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_usec)
    }

    /// The second number of /proc/self/statm.
    private static func residentPageCount() -> UInt64 {
        do throws(SystemError) {
            let file = try Directory(opening: "/proc/self").open("statm", .read)
            let text = try file.readToEnd(byteCountMax: 4096)
            return secondNumber(in: text.octets) ?? 0
        } catch {
            return 0
        }
    }

    private static func secondNumber(in octets: Span<UInt8>) -> UInt64? {
        guard let start = octets.firstIndex(of: UInt8(ascii: " "), from: 0),
            let end = octets.firstIndex(of: UInt8(ascii: " "), from: start + 1)
        else { return nil }
        return octets.extracting(start + 1..<end).decimal()
    }
}
