// Every way in which a disk, the process or the power lets an operation down.
import SimulatedStorage

/// What fails: a call of one kind, or whatever comes.
struct FaultKind: Sendable {
    /// How it fails.
    struct Way: Sendable {
        /// For messages.
        let name: String
        /// The fault at the Nth operation that it can come at.
        let fault: @Sendable (_ number: Int) -> SimulatedDisk.Fault
    }

    /// Whether what fails changes nothing.
    let isReading: Bool
    private let ways: [Way]
    private let turn: Int

    /// All kinds. Each fails in one of its ways at an operation, in another at the next, beginning with the
    /// `turn`th; with FAULTS=all in the environment at every operation in every way.
    static func all(turn: Int) -> [FaultKind] {
        let kinds =
            [FaultKind(isReading: false, ways: ends, turn: turn)]
            + DiskCall.allCases.map {
                FaultKind(isReading: $0.isReading, ways: ways(of: $0), turn: turn)
            }
        if !Thoroughness.isWhole { return kinds }
        return kinds.flatMap { kind in
            kind.ways.map { FaultKind(isReading: kind.isReading, ways: [$0], turn: 0) }
        }
    }

    private static let ends = [
        Way(name: "a power failure") { .crash(operation: $0) },
        Way(name: "a kill") { .kill(operation: $0) },
        Way(name: "EIO of everything") { .outage(operation: $0) },
    ]

    private static let ioError: Int32 = 5
    private static let noSpace: Int32 = 28

    /// An error is told of a call that did nothing, a part, or all of its work; once, or from then on. Room
    /// lacks only to what changes something.
    private static func ways(of call: DiskCall) -> [Way] {
        func way(_ code: Int32, _ extent: CallFault.Extent, isLasting: Bool = false) -> Way {
            let error = code == noSpace ? "ENOSPC" : "EIO"
            let name = "\(error) of \(call.rawValue), \(extent) of it done" + (isLasting ? ", and on" : "")
            return Way(name: name) { number in
                .call(CallFault(call, number: number, code: code, extent: extent, isLasting: isLasting))
            }
        }
        switch call {
        case .readdir, .stat, .fstat, .pread, .mmap: return [way(ioError, .nothing)]
        case .unlink:
            return [way(ioError, .nothing), way(ioError, .all), way(ioError, .nothing, isLasting: true)]
        case .write:
            return [
                way(ioError, .some), way(noSpace, .some), way(ioError, .all),
                way(ioError, .some, isLasting: true), way(ioError, .nothing), way(noSpace, .nothing),
                way(noSpace, .some, isLasting: true),
            ]
        case .fdatasync:
            return [
                way(ioError, .some), way(noSpace, .some), way(ioError, .some, isLasting: true),
                way(ioError, .all), way(noSpace, .some, isLasting: true),
            ]
        case .mkdir, .open, .allocate, .fsync, .rename:
            return [
                way(ioError, .nothing), way(noSpace, .nothing), way(ioError, .all),
                way(ioError, .nothing, isLasting: true), way(noSpace, .nothing, isLasting: true),
            ]
        }
    }

    /// Calls `body` with the fault at the first operation, the second, and so on, until it says that the
    /// fault was not reached. Returns how often it was.
    func atEveryOperation(
        _ body: (_ fault: SimulatedDisk.Fault, _ number: Int, _ context: String) throws -> Bool
    ) rethrows -> Int {
        var count = 0
        var number = 1
        while true {
            let way = ways[(number + turn) % ways.count]
            if try !body(way.fault(number), number, "\(way.name), number \(number)") { return count }
            count += 1
            number += Thoroughness.isSanitized ? 7 : 1
        }
    }
}
