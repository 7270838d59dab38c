/// How long each processor was busy since the start: /proc/stat (proc_stat(5)), in ticks of the system's own.
struct ProcessorTimes: Equatable {
    struct Times: Equatable {
        let name: String
        let busy: UInt64
        let total: UInt64
    }

    /// `cpu0`, `cpu1` and so on; of all together, `cpu`.
    let processors: [Times]

    /// Takes the lines that begin with `cpu`; the others are not about time.
    init(_ text: String) {
        processors = ProcText.lines(text).compactMap { words in
            guard words[0].hasPrefix("cpu"), words.count >= 5 else { return nil }
            // user nice system idle iowait irq softirq steal; what guests took is within user and nice
            // already.
            let times = words[1...].prefix(8).compactMap(ProcText.number)
            let total = times.reduce(0, &+)
            let idle = times[3] &+ (times.count > 4 ? times[4] : 0)
            return Times(name: String(words[0]), busy: total &- idle, total: total)
        }
    }

    /// Adds how busy each was since `earlier`.
    func add(since earlier: ProcessorTimes, to reading: inout Reading) {
        for now in processors {
            guard let then = earlier.processors.first(where: { $0.name == now.name }) else { continue }
            // The kernel corrects its guess of waiting times, so a counter may go back a little.
            let busy = now.busy > then.busy ? now.busy - then.busy : 0
            let total = now.total > then.total ? now.total - then.total : 0
            reading.add(now.name == "cpu" ? "all_percent" : now.name + "_percent", percentOf: busy, total)
        }
    }
}
