/// Counters by name that only grow, of which the growth in a second is what one wants to know.
struct Counters: Equatable {
    /// A counter of something with a name of its own.
    struct Counter: Equatable {
        let name: String
        let value: UInt64
    }

    var counters: [Counter] = []

    /// Adds the growth since `earlier` in a second, for each counter that both have. One that went back was
    /// reset: it is left out this once.
    func add(since earlier: Counters, milliseconds: UInt64, to reading: inout Reading) {
        if milliseconds == 0 { return }
        for now in counters {
            guard let then = earlier.counters.first(where: { $0.name == now.name }), now.value >= then.value
            else {
                continue
            }
            let (thousandfold, overflow) = (now.value - then.value).multipliedReportingOverflow(by: 1000)
            if !overflow { reading.add(now.name + "_per_second", thousandfold / milliseconds) }
        }
    }
}

extension Counters {
    /// What each network interface took and gave: /proc/net/dev (proc_pid_net(5)).
    static func network(_ text: String) -> Counters {
        var result = Counters()
        for line in text.split(separator: "\n") {
            // The number may follow the colon without a space.
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].drop { $0 == " " }
            let words = line[line.index(after: colon)...].split(separator: " ")
            guard words.count >= 9, let received = ProcText.number(words[0]),
                let sent = ProcText.number(words[8])
            else { continue }
            result.counters.append(Counter(name: "\(name)_received_octets", value: received))
            result.counters.append(Counter(name: "\(name)_sent_octets", value: sent))
        }
        return result
    }

    /// What each disk read and wrote: /proc/diskstats (proc_diskstats(5)), whole disks that were ever used.
    static func disks(_ text: String) -> Counters {
        let lines = ProcText.lines(text).filter { $0.count >= 14 }
        let names = lines.map { $0[2] }
        var result = Counters()
        for words in lines {
            let name = words[2]
            if names.contains(where: { isPartition(name, of: $0) }) { continue }
            guard let read = ProcText.number(words[5]), let written = ProcText.number(words[9]),
                read > 0 || written > 0
            else { continue }
            // A sector here is 512 octets, whatever the disk's own is.
            result.counters.append(Counter(name: "\(name)_read_octets", value: read &* 512))
            result.counters.append(Counter(name: "\(name)_written_octets", value: written &* 512))
        }
        return result
    }

    /// `sda1` is a part of `sda`, and `nvme0n1p2` of `nvme0n1`.
    private static func isPartition(_ name: Substring, of disk: Substring) -> Bool {
        guard name.count > disk.count, name.hasPrefix(disk), let last = disk.last else { return false }
        let rest = name.dropFirst(disk.count)
        let number = last.isNumber ? (rest.hasPrefix("p") ? rest.dropFirst() : "") : rest
        return ProcText.number(number) != nil
    }
}
