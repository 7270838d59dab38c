import Bytes
import Posix

/// Takes this machine's load from /proc, and tells what changed since the time before.
struct LoadSampler: ~Copyable {
    /// What one sample is made of.
    private struct Sample {
        var milliseconds: UInt64
        var processors: ProcessorTimes
        var network: Counters
        var disks: Counters
        var pressure: [(resource: String, pressure: Pressure)]
    }

    /// A file of /proc is small, but `interrupts` of large machines made the kernel's lines long.
    private static let fileByteCountMax = 1 << 20

    private var buffer = Buffer()
    private let files: [String: File]
    private var earlier: Sample?

    /// Opens what this kernel has; what it lacks is left out of the readings.
    ///
    /// - Throws: where not even processor times are to be had.
    init() throws {
        var files: [String: File] = [:]
        for (folder, names) in [
            ("/proc", ["stat", "meminfo", "loadavg", "diskstats"]), ("/proc/net", ["dev"]),
            ("/proc/pressure", ["cpu", "io", "memory"]),
        ] {
            for name in names {
                // A kernel without it, or a container that hides it.
                files["\(folder)/\(name)"] = try? Directory(opening: folder).open(name, .read)
            }
        }
        if files["/proc/stat"] == nil {
            throw CommandFailure("/proc/stat can't be read; the demo needs Linux's /proc")
        }
        self.files = files
    }

    /// The channels' readings. Nothing at the first call, since most readings are of what changed.
    mutating func readings(nowMilliseconds: UInt64) -> [(channel: String, json: [UInt8])] {
        let now = Sample(
            milliseconds: nowMilliseconds, processors: ProcessorTimes(text("/proc/stat") ?? ""),
            network: Counters.network(text("/proc/net/dev") ?? ""),
            disks: Counters.disks(text("/proc/diskstats") ?? ""), pressure: pressure())
        defer { earlier = now }
        guard let then = earlier else { return [] }
        let milliseconds = nowMilliseconds - then.milliseconds

        var cpu = Reading()
        now.processors.add(since: then.processors, to: &cpu)
        var memory = Reading()
        MemoryUse(text("/proc/meminfo") ?? "").add(to: &memory)
        var network = Reading()
        now.network.add(since: then.network, milliseconds: milliseconds, to: &network)
        var disks = Reading()
        now.disks.add(since: then.disks, milliseconds: milliseconds, to: &disks)
        var pressure = Reading()
        for (resource, value) in now.pressure {
            guard let before = then.pressure.first(where: { $0.resource == resource }) else { continue }
            value.add(resource, since: before.pressure, milliseconds: milliseconds, to: &pressure)
        }
        var load = Reading()
        LoadAverage(text("/proc/loadavg") ?? "")?.add(to: &load)
        return [
            ("cpu", cpu), ("memory", memory), ("network", network), ("disks", disks), ("pressure", pressure),
            ("load", load),
        ].filter { !$0.1.isEmpty }.map { ($0.0, $0.1.json) }
    }

    private mutating func pressure() -> [(resource: String, pressure: Pressure)] {
        ["cpu", "io", "memory"].compactMap { resource in
            text("/proc/pressure/\(resource)").flatMap { Pressure($0) }.map { (resource, $0) }
        }
    }

    /// A file's text as it is now; it is made anew for each reading from its beginning.
    private mutating func text(_ path: String) -> String? {
        guard let file = files[path] else { return nil }
        buffer.removeAll()
        // An interface that went away while it was read, or pressure that is switched off: not in this
        // reading.
        guard (try? file.read(at: 0, count: Self.fileByteCountMax, into: &buffer)) != nil else { return nil }
        return String(decoding: buffer.octets.copied(), as: UTF8.self)
    }
}
