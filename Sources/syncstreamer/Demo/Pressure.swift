/// How long work stood still for lack of a resource: a file of /proc/pressure (the kernel's "PSI" document).
struct Pressure: Equatable {
    /// Microseconds in which some of the work stood still.
    let some: UInt64
    /// Microseconds in which all of it did; nil where the kernel does not say.
    let full: UInt64?

    /// Nil where the text is of another form.
    init?(_ text: String) {
        var totals: [Substring: UInt64] = [:]
        for words in ProcText.lines(text) {
            guard let word = words.last, word.hasPrefix("total=") else { continue }
            totals[words[0]] = ProcText.number(word.dropFirst(6))
        }
        guard let some = totals["some"] else { return nil }
        self.some = some
        full = totals["full"]
    }

    /// Adds the share of the time since `earlier`.
    func add(_ resource: String, since earlier: Pressure, milliseconds: UInt64, to reading: inout Reading) {
        reading.add("\(resource)_some_percent", percentOf: some &- earlier.some, milliseconds * 1000)
        if let full, let then = earlier.full {
            reading.add("\(resource)_full_percent", percentOf: full &- then, milliseconds * 1000)
        }
    }
}
