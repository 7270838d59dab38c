/// What memory there is and how it is used: /proc/meminfo (proc_meminfo(5)).
struct MemoryUse: Equatable {
    /// The file's name and ours, in the order in which they are told.
    private static let members = [
        ("MemTotal", "total_octets"), ("MemAvailable", "available_octets"), ("MemFree", "free_octets"),
        ("Cached", "cached_octets"), ("Dirty", "dirty_octets"), ("SwapTotal", "swap_total_octets"),
        ("SwapFree", "swap_free_octets"),
    ]

    /// Octets by the file's names.
    let octets: [String: UInt64]

    init(_ text: String) {
        var octets: [String: UInt64] = [:]
        for words in ProcText.lines(text) {
            // "kB" is 1,024 octets.
            guard words.count >= 2, words[0].hasSuffix(":"), let value = ProcText.number(words[1]) else {
                continue
            }
            octets[String(words[0].dropLast())] = words.count > 2 ? value &* 1024 : value
        }
        self.octets = octets
    }

    /// Adds what is known of it.
    func add(to reading: inout Reading) {
        for (name, member) in Self.members {
            if let value = octets[name] { reading.add(member, value) }
        }
    }
}
