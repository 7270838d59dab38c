import Bytes
import Posix

/// What there is of a log: its segments in order, which parts of them count, and what is damaged.
///
/// It goes by the rules of `LogRecovery`, and doesn't stop at the first damage. Changes nothing. The segments
/// stay open, so a running server may remove them meanwhile.
struct LogSurvey<Volume: Storage> {
    /// A segment's file, and what of it counts.
    struct Surveyed: Sendable {
        let name: String
        let file: Volume.File
        let header: SegmentHeader
        let byteCount: Int
        /// Without what was cut off at the end.
        var parts: [SegmentScan.Part]
        let durable: LogPosition
        /// Whether a file that should stand before this one is missing.
        var isBehindGap = false
    }

    /// What may be done about damage to the log.
    static var advice: String { "--repair keeps what can be read; or restore the file from a copy" }

    private(set) var segments: [Surveyed] = []
    private(set) var findings: [Finding] = []
    /// A number that no segment has had.
    private(set) var nextSequence: UInt32 = 1
    /// Files of the log, and their octets.
    private(set) var fileCount = 0
    private(set) var byteCount: UInt64 = 0

    init(_ folder: Volume, progress: (UInt64) -> Void) throws {
        let files = try Self.open(folder, findings: &findings)
        fileCount = files.count
        var octets = Buffer()
        for (name, sequence, file) in files {
            nextSequence = max(nextSequence, sequence == .max ? .max : sequence + 1)
            let unreadable = try file.readWhole(into: &octets)
            byteCount += UInt64(octets.count)
            if let unreadable {
                report(.damage("log/" + name, at: unreadable, "the disk can't read it", Self.advice))
            }
            add(SegmentScan(octets.octets, named: sequence), name, file, octets.count)
            progress(UInt64(octets.count))
        }
        order(files.map { ($0.sequence, $0.name) })
        cutAndJoin()
    }

    /// Opens all segments. Where one is gone before it is opened, the log's begin has moved on.
    private static func open(
        _ folder: Volume, findings: inout [Finding]
    ) throws -> [(name: String, sequence: UInt32, file: Volume.File)] {
        let attemptsMax = 10
        for attempt in 1...attemptsMax {
            findings = []
            do throws(SystemError) {
                var files: [(name: String, sequence: UInt32, file: Volume.File)] = []
                for name in try folder.names().sorted() {
                    if let sequence = Segment<Volume>.sequence(of: name) {
                        files.append((name, sequence, try folder.open(name, .read)))
                    } else if InterruptedRepair.sequence(of: name) != nil {
                        findings.append(
                            .damage(
                                "log/" + name, at: nil, "a repair was interrupted",
                                "--repair brings it to its end"))
                    } else if !name.hasSuffix(".tmp") {
                        findings.append(.note("log/" + name, "no file of the log; it is left alone"))
                    }
                }
                return files
            } catch {
                if !error.isNotFound || attempt == attemptsMax { throw error }
            }
        }
        return []
    }

    private mutating func report(_ finding: Finding) { findings.append(finding) }

    private mutating func add(_ scan: SegmentScan, _ name: String, _ file: Volume.File, _ byteCount: Int) {
        let path = "log/" + name
        if let fault = scan.fault {
            report(
                fault.isUnsupported
                    ? .unsupported(path, at: fault.offset, fault.detail)
                    : .damage(path, at: fault.offset, fault.detail, Self.advice))
        }
        guard let header = scan.header else { return }
        nextSequence = max(nextSequence, header.sequence == .max ? .max : header.sequence + 1)
        if let stray = scan.stray {
            report(.note(path, at: stray, "octets that nothing uses have changed; nothing is lost"))
        }
        let surveyed = Surveyed(
            name: name, file: file, header: header, byteCount: byteCount, parts: scan.parts,
            durable: scan.durable)
        guard let twin = segments.firstIndex(where: { $0.header.sequence == header.sequence }) else {
            segments.append(surveyed)
            return
        }
        // The one that is named as it should be counts; the other has been reported for its name.
        if Segment<Volume>.name(of: header.sequence) == name { segments[twin] = surveyed }
    }

    /// Puts the segments in the log's order, and reports those that are missing.
    private mutating func order(_ files: [(sequence: UInt32, name: String)]) {
        segments.sort { $0.header.sequence < $1.header.sequence }
        for index in segments.indices.dropFirst()
        where segments[index].header.sequence != segments[index - 1].header.sequence + 1 {
            segments[index].isBehindGap = true
        }
        let sequences = files.map(\.sequence).sorted()
        for index in sequences.indices.dropFirst() where sequences[index] != sequences[index - 1] + 1 {
            let name = Segment<Volume>.name(of: sequences[index - 1] + 1)
            report(
                .damage(
                    "log/" + name, at: nil, "the segment is missing, but later ones are there",
                    "restore it from a copy; or --repair goes on without it"))
        }
    }

    /// Cuts off what was torn, and reports what is damaged and what doesn't fit together.
    private mutating func cutAndJoin() {
        let durable = segments.reduce(LogPosition.zero) { max($0, $1.durable) }
        let last = segments.lastIndex { $0.parts.contains { $0.content == .whole } }
        var tail: LogPosition?
        for index in segments.indices {
            let sequence = segments[index].header.sequence
            let path = "log/" + segments[index].name
            let first = segments[index].parts.first
            if let last, index < last, first == nil {
                let start = SegmentHeader.sectorByteCount
                report(.damage(path, at: start, "the segment's entries are missing", Self.advice))
            }
            if let tail, let group = first?.group, first?.content == .whole, group.durable != tail,
                !segments[index].isBehindGap
            {
                let name = index > 0 ? segments[index - 1].name : segments[index].name
                let detail = "entries that were on the disk can't be read"
                report(.damage("log/" + name, at: Int(tail.offset), detail, Self.advice))
                segments[index].isBehindGap = true
            }
            let parts = segments[index].parts
            for (number, part) in parts.enumerated() where part.content != .whole {
                let start = part.range.lowerBound
                let position = LogPosition(segment: sequence, offset: UInt32(start))
                if durable > position && !isJoined(behind: index, at: position, parts[number...]) {
                    // Damaged stretches that follow each other are one.
                    if number == 0 || parts[number - 1].content == .whole { report(Self.hole(path, part)) }
                    continue
                }
                let end = parts[parts.count - 1].range.upperBound
                segments[index].parts.removeLast(parts.count - number)
                let detail = "\(end - start) octets of a commit that was not finished; a start drops them"
                report(.note(path, at: start, detail))
                break
            }
            let end = segments[index].parts.last { $0.content == .whole }?.group?.end
            tail = end ?? (segments[index].parts.isEmpty ? tail : nil)
        }
    }

    /// Whether the next segment goes on from `position`, so that what stands there in this one was given up.
    private func isJoined(
        behind index: Int, at position: LogPosition, _ rest: ArraySlice<SegmentScan.Part>
    ) -> Bool {
        if index + 1 == segments.count || segments[index + 1].isBehindGap { return false }
        guard let next = segments[index + 1].parts.first, next.content == .whole else { return false }
        return next.group?.durable == position && rest.allSatisfy { $0.content != .whole }
    }

    private static func hole(_ path: String, _ part: SegmentScan.Part) -> Finding {
        let start = part.range.lowerBound
        if part.content == .broken {
            return .damage(path, at: start, "a commit that was on the disk is damaged", advice)
        }
        return .damage(path, at: start, "entries that were on the disk can't be read", advice)
    }
}
