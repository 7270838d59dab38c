// Deterministic simulation: the real log, windows, store and uploads on a simulated disk, under a simulated
// clock, with clients that are cut off and try again, while the disk, the power and the process fail. One
// seed decides everything, so what fails once fails again.
//
//     SIMULATION_SEED=n   runs that seed alone and tells each step
//     SIMULATION_SEEDS=n  runs so many
//     SIMULATION_FIRST=n  begins with that one, and not with 1
//     SIMULATION_TRACE=1  tells each step of all of them
import Foundation
import Testing

/// The end of a run.
private struct Ending {
    let fingerprint: UInt64
    let counts: SimulationCounts
    let isGood: Bool
}

@Suite(.serialized) struct SimulationTests {
    /// As many as take about 40 s in a debug build on two cores.
    private static let seedsDefault = 1_000

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    private func run(_ seed: UInt64, isTraced: Bool = false) -> Ending {
        let simulation = Simulation(seed: seed, isTraced: isTraced)
        var isGood = true
        do {
            try simulation.run()
        } catch {
            isGood = false
            let events = simulation.events.suffix(12).joined(separator: "\n  ")
            Issue.record("SIMULATION_SEED=\(seed), step \(simulation.step): \(error)\n  \(events)")
        }
        return Ending(fingerprint: simulation.fingerprint, counts: simulation.counts, isGood: isGood)
    }

    @Test func whatIsPromisedIsKept() {
        if let seed = Self.number("SIMULATION_SEED") {
            let ending = run(seed, isTraced: true)
            return Simulation.tell("simulation: seed \(seed), fingerprint \(ending.fingerprint)")
        }
        let count = Self.number("SIMULATION_SEEDS") ?? UInt64(Self.seedsDefault)
        let first = Self.number("SIMULATION_FIRST") ?? 1
        var counts = SimulationCounts()
        var failed: [UInt64] = []
        var fingerprint: UInt64 = 0
        for seed in first..<first + count {
            if (seed - first).isMultiple(of: 100) { Simulation.tell("simulation: from seed \(seed) on") }
            let ending = run(seed, isTraced: Self.number("SIMULATION_TRACE") == 1)
            counts += ending.counts
            fingerprint = fingerprint &* 31 &+ ending.fingerprint
            if !ending.isGood { failed.append(seed) }
            if failed.count == 3 { break }
        }
        Simulation.tell("simulation: \(count) seeds, fingerprint \(fingerprint), failed: \(failed)")
        Simulation.tell("simulation: \(counts)")
        #expect(counts.frames > 0)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func aSeedReplaysExactly(seed: UInt64) {
        #expect(run(seed).fingerprint == run(seed).fingerprint)
    }
}
