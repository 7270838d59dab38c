// What happens to a log and its store, in a form that can be told again and again: as it is, and with a fault
// at any operation of the disk.
import Bytes
import FrameLog
import Posix
import SimulatedStorage
import Testing

struct Story: Sendable, CustomTestStringConvertible {
    /// All there are.
    static let all = ingest + recovery + store + keys

    let testDescription: String
    /// What uploads with keys send, each with another key, from 1 on.
    private let uploads: [[Int]]
    private let events: @Sendable (Rig) throws -> Void

    /// - Parameters:
    ///   - name: what it shows.
    ///   - uploads: the items of its uploads with keys, which are tried again after a restart.
    ///   - events: what happens. It expects things with the rig's `expect`, which no fault has to meet.
    init(_ name: String, uploads: [[Int]] = [], _ events: @escaping @Sendable (Rig) throws -> Void) {
        testDescription = name
        self.uploads = uploads
        self.events = events
    }

    /// Tells it as it is.
    func tell() throws {
        let rig = Rig()
        try events(rig)
        try rig.checkPromises(testDescription)
    }

    /// Tells it with faults at every operation, and judges what is behind. Returns how often a fault came to
    /// pass.
    func tellWithFaults() throws -> Int {
        var count = 0
        // So that not all stories meet a call's first fault in the same way.
        let turn = testDescription.utf8.reduce(0) { $0 + Int($1) }
        for kind in FaultKind.all(turn: turn) {
            count += try kind.atEveryOperation { fault, number, context in
                let rig = Rig(seed: UInt64(number))
                rig.disk.arrange([fault])
                tellDisturbed(rig, context)
                if !rig.disk.hasFired { return false }
                try judge(rig, "\(testDescription): \(context)")
                return true
            }
        }
        return count
    }

    /// A start that is refused says what couldn't be done, and where. It ends the story.
    private func tellDisturbed(_ rig: Rig, _ context: String) {
        do {
            try events(rig)
        } catch is StoryEnd {
        } catch  where error is SystemError || error is FrameLogError {
            #expect("\(error)".contains("data"), "\(context)")
        } catch {
            Issue.record("\(context): \(error)")
        }
    }

    /// The disk is well again, and the server starts anew: it keeps its promises whether the process alone
    /// has ended or the power has failed; what it found in the system's memory is on the disk; the same log
    /// gives the same frames; and a check of all files finds nothing.
    private func judge(_ rig: Rig, _ context: String) throws {
        rig.disk.arrange([])
        rig.disk.limit(byteCount: nil)
        let kept = rig.twin()
        kept.disk.restartProcess()
        try start(kept, context)
        let again = kept.twin()
        kept.disk.restart()
        again.disk.restartProcess()
        for rig in [kept, again] {
            try start(rig, context)
            try rig.checkPromises(context)
        }
        let frames = try kept.storedOctets()
        #expect(try again.storedOctets() == frames, "\(context): the same log gives other frames")
        let report = try SimulatedCheck(SimulatedStorage(kept.disk)).check()
        #expect(report.isSound, "\(context): \(report.findings)")
        // In memory alone nothing was promised for this.
        if rig.settings.durability == .memory { return }
        let cut = rig.twin()
        cut.disk.restart()
        try start(cut, context)
        try cut.checkPromises("\(context), and the power")
    }

    private func start(_ rig: Rig, _ context: String) throws {
        do {
            try rig.open()
        } catch let error as FrameLogError where error.reason == .windowsOpen {
            // As it says: they have to end first.
            rig.now += 2_000 + rig.settings.latenessMilliseconds
            try rig.open()
        }
        #expect(rig.store.warnings.isEmpty, "\(context)")
        for (place, numbers) in uploads.enumerated() {
            KeyedClient(numbers, key: UInt64(place) + 1).retry(rig, context)
        }
    }
}

/// A fault has taken away what the rest of a story would be about.
struct StoryEnd: Error {}

extension Rig {
    /// Expects something, unless a fault has come to pass.
    func expect<Value: Equatable>(
        _ value: @autoclosure () throws -> Value, _ expected: Value,
        sourceLocation: SourceLocation = #_sourceLocation
    ) rethrows {
        let value = try value()
        if !disk.hasFired { #expect(value == expected, sourceLocation: sourceLocation) }
    }

    /// Why a start is refused by what the log holds; nil where it isn't.
    func refusal() throws -> FrameLogError? {
        do {
            try open()
            return nil
        } catch let error as FrameLogError {
            return error
        }
    }

    /// What must be there, unless a fault has come to pass: then the story ends where it isn't.
    func require<Value>(
        _ value: Value?, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Value {
        if let value { return value }
        if !disk.hasFired { Issue.record("there is none", sourceLocation: sourceLocation) }
        throw StoryEnd()
    }

    /// Reads all frames in both forms, as those do who fetch them: what comes is what was stored.
    func read() {
        for frame in store.frames {
            do {
                let mapped = try frame.identity()
                let octets = mapped.octets.copied()
                #expect(octets == published[frame.startTimestamp] ?? octets)
                _ = try frame.gzip()
            } catch {
                if !disk.hasFired { Issue.record("a frame can't be read: \(error)") }
            }
        }
    }
}
