// What a run, or many, came to: it shows that what is to be tested does happen.

struct SimulationCounts: CustomStringConvertible {
    var postings = 0
    var items = 0
    var retries = 0
    var frames = 0
    var crashes = 0
    var kills = 0
    var jumps = 0
    var flips = 0
    var detectedFlips = 0
    var replays = 0
    /// Answers by their status.
    var statuses: [UInt16: Int] = [:]

    static func += (sum: inout SimulationCounts, more: SimulationCounts) {
        sum.postings += more.postings
        sum.items += more.items
        sum.retries += more.retries
        sum.frames += more.frames
        sum.crashes += more.crashes
        sum.kills += more.kills
        sum.jumps += more.jumps
        sum.flips += more.flips
        sum.detectedFlips += more.detectedFlips
        sum.replays += more.replays
        sum.statuses.merge(more.statuses) { $0 + $1 }
    }

    var description: String {
        let answers = statuses.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return """
            \(postings) postings of \(items) items, \(retries) retries, \(frames) frames, \
            \(crashes) power failures, \(kills) kills, \(jumps) clock jumps, \
            \(flips) flipped bits (\(detectedFlips) noticed), \(replays) replays, \
            answers \(answers.joined(separator: ", "))
            """
    }
}
