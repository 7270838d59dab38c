/// How many tasks wanted to run: /proc/loadavg (proc_loadavg(5)).
struct LoadAverage: Equatable {
    /// Hundredths, averaged over 1, 5 and 15 minutes.
    let averages: [UInt64]
    let runnable: UInt64
    let tasks: UInt64

    /// Nil where the text is of another form.
    init?(_ text: String) {
        guard let words = ProcText.lines(text).first, words.count >= 4 else { return nil }
        let averages = words[0..<3].compactMap(ProcText.hundredths)
        let counts = words[3].split(separator: "/").compactMap(ProcText.number)
        guard averages.count == 3, counts.count == 2 else { return nil }
        self.averages = averages
        runnable = counts[0]
        tasks = counts[1]
    }

    func add(to reading: inout Reading) {
        for (name, average) in zip(["1min", "5min", "15min"], averages) {
            reading.add("load_\(name)_tasks", hundredths: average)
        }
        reading.add("runnable_tasks", runnable)
        reading.add("all_tasks", tasks)
    }
}
