import Bytes
import FrameLog
import HTTP

/// What a check found and a repair did, as people and programs read it.
struct VerifyReport {
    private let path: String
    private let found: DirectoryReport
    private let repair: RepairReport?

    init(path: String, check: DirectoryReport) {
        self.path = path
        found = check
        repair = nil
    }

    init(path: String, repair: RepairReport) {
        self.path = path
        found = repair.before
        self.repair = repair
    }

    /// Whether everything is as it should be, in the end.
    var isSound: Bool { repair?.after.isSound ?? found.isSound }

    /// What is wrong and what to do, file by file, what was done and lost, and a summary.
    func lines(_ style: Style) -> [String] {
        var lines: [String] = []
        for finding in found.findings {
            let place = PlainText.text(finding.file) + (finding.offset.map { " at octet \($0)" } ?? "")
            if finding.kind == .note {
                lines.append(style.aside("note: \(place): \(finding.detail)"))
            } else {
                lines.append("\(style.heading("damaged")): \(place): \(finding.detail)")
                if repair == nil { lines.append("    \(finding.advice)") }
            }
        }
        if let repair {
            lines += repair.moves.map { "moved \(PlainText.text($0.from)) to \(PlainText.text($0.to))" }
            lines += repair.rescued.map { "frame \($0): made anew, octet for octet" }
            lines += repair.lostFrames.map(Self.line)
        }
        if let line = Self.line(found.lost) { lines.append(line) }
        if !lines.isEmpty { lines.append("") }
        lines.append(style.heading(summary))
        return lines
    }

    /// One line: what was checked, and what came of it.
    private var summary: String {
        let damagedCount = found.findings.count { $0.kind != .note }
        let place = PlainText.text(path)
        if let repair, damagedCount > 0 {
            let after = repair.after
            let left = after.findings.count { $0.kind != .note }
            let state = left == 0 ? "repaired" : "\(Quantities.count(UInt64(left), "damage")) left"
            return "\(place): \(state); now \(Self.contents(after))"
        }
        let state =
            damagedCount == 0 ? "sound" : "damaged in \(Quantities.count(UInt64(damagedCount), "place"))"
        return "\(place): \(state); \(Self.contents(found)), \(Quantities.size(found.byteCount)) checked"
    }

    private static func contents(_ report: DirectoryReport) -> String {
        [
            Quantities.count(report.frameCount, "frame"), Quantities.count(report.segmentCount, "segment"),
            Quantities.count(report.itemCount, "item")
                + " in the log, \(report.waitingItemCount) of them in no frame yet",
        ].joined(separator: ", ")
    }

    private static func line(_ frame: LostFrame) -> String {
        let items = frame.itemCount.map { Quantities.count($0, "item") } ?? "an unknown number of items"
        return "frame \(frame.start): lost, with \(items), \(Quantities.count(frame.byteCount, "octet"))"
    }

    private static func line(_ lost: LostEntries) -> String? {
        if lost.isEmpty { return nil }
        let entries =
            switch (lost.count, lost.isAtLeast) {
            case (0, true): "an unknown number of entries"
            case (let count, true): "\(count) entries or more"
            case (1, false): "1 entry"
            case (let count, false): "\(count) entries"
            }
        let octets = Quantities.count(lost.byteCount, "octet")
        let windows =
            switch lost.windows {
            case nil: "their items are in stored frames"
            case .some(let range) where range.upperBound == .max:
                "windows from \(range.lowerBound) on may lack items"
            case .some(let range): "windows \(range.lowerBound) to \(range.upperBound) may lack items"
            }
        return "not to be read in the log: \(entries), \(octets); \(windows)"
    }

    /// One object: `path`, `sound`, `findings`, `lost`, what was checked, and, after a repair, `repair`.
    var json: String {
        var octets: [UInt8] = []
        octets.append("{\"path\":")
        JSONWriter.append(path, to: &octets)
        octets.append(utf8: ",\"sound\":\(isSound)")
        let current = repair?.after ?? found
        octets.append(
            utf8: ",\"frames\":\(current.frameCount),\"segments\":\(current.segmentCount)"
                + ",\"items\":\(current.itemCount),\"itemsInNoFrame\":\(current.waitingItemCount)"
                + ",\"octets\":\(current.byteCount),\"findings\":[")
        for (index, finding) in found.findings.enumerated() {
            if index > 0 { octets.append(",") }
            Self.append(finding, to: &octets)
        }
        octets.append("],\"lost\":")
        Self.append(found.lost, to: &octets)
        if let repair { Self.append(repair, to: &octets) }
        octets.append("}")
        return String(decoding: octets, as: UTF8.self)
    }

    private static func append(_ finding: Finding, to octets: inout [UInt8]) {
        let kind =
            switch finding.kind {
            case .damage: "damage"
            case .unsupported: "unsupported"
            case .note: "note"
            }
        octets.append(utf8: "{\"kind\":\"\(kind)\",\"file\":")
        JSONWriter.append(finding.file, to: &octets)
        octets.append(utf8: ",\"offset\":\(finding.offset.map { "\($0)" } ?? "null"),\"detail\":")
        JSONWriter.append(finding.detail, to: &octets)
        octets.append(",\"advice\":")
        JSONWriter.append(finding.advice, to: &octets)
        octets.append("}")
    }

    private static func append(_ lost: LostEntries, to octets: inout [UInt8]) {
        octets.append(
            utf8: "{\"entries\":\(lost.count),\"isAtLeast\":\(lost.isAtLeast),\"octets\":\(lost.byteCount)"
                + ",\"firstWindow\":\(lost.windows.map { "\($0.lowerBound)" } ?? "null")"
                + ",\"lastWindow\":\(lost.lastWindow.map { "\($0)" } ?? "null")}")
    }

    private static func append(_ repair: RepairReport, to octets: inout [UInt8]) {
        octets.append(",\"repair\":{\"moved\":[")
        for (index, move) in repair.moves.enumerated() {
            octets.append(index > 0 ? ",{\"from\":" : "{\"from\":")
            JSONWriter.append(move.from, to: &octets)
            octets.append(",\"to\":")
            JSONWriter.append(move.to, to: &octets)
            octets.append("}")
        }
        let rescued = repair.rescued.map { "\"\($0)\"" }.joined(separator: ",")
        let lost = repair.lostFrames.map { frame in
            let items = frame.itemCount.map { "\($0)" } ?? "null"
            return "{\"id\":\"\(frame.start)\",\"items\":\(items),\"octets\":\(frame.byteCount)}"
        }
        octets.append(utf8: "],\"madeAnew\":[\(rescued)],\"lostFrames\":[\(lost.joined(separator: ","))]}")
    }
}
