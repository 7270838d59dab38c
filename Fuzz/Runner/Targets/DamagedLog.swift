// A log that was written, and then damaged in any way, stops the start or is read, or is repaired and then
// read: no item is in a frame that was not sent, or twice, or in another frame than the one that was named;
// and where the start isn't refused, one damaged sector costs no more than the last commit.
import Bytes
import FrameLog

/// The target `log`: the first octet of a step says what it is, up to the one that says that damage follows.
func fuzzDamagedLog(_ input: Span<UInt8>) {
    var reading = Reading(input)
    var writing = LogWriting()
    while !reading.isAtEnd && writing.takeStep(&reading) {}
    var damages: [Damage] = []
    while !reading.isAtEnd && damages.count < 16 { damages.append(damage(writing.rig.disk, &reading)) }
    writing.check(damages)
}

/// How much was damaged at a time.
private enum Damage {
    case none
    /// Something in one sector.
    case sector
    case more
}

/// What was written, and what was promised for it.
private struct LogWriting {
    var rig: LogRig
    /// The items that were accepted, the frame that was named, and the commit that they were in.
    private var accepted: [SentItem: (frame: UInt64, commit: Int)] = [:]
    private var commitCount = 0

    init() {
        do {
            rig = try LogRig(MemoryDisk(), now: 1_000_000)
        } catch {
            fatalError("a log can be made: \(error)")
        }
    }

    /// Takes a step; false where damage follows.
    mutating func takeStep(_ reading: inout Reading) -> Bool {
        let step = reading.octet()
        switch step {
        case 0..<0x80: post(count: 1 + step % 4, &reading, isKeyed: step % 8 >= 4)
        case 0x80..<0xC0: rig.pass(milliseconds: UInt64(step % 64) * 100)
        case 0xC0..<0xE0: reopen()
        default: return false
        }
        return true
    }

    private mutating func post(count: Int, _ reading: inout Reading, isKeyed: Bool) {
        var batch = ItemBatch()
        var sent: [SentItem] = []
        let key = UploadKey(digest: [UInt8](repeating: UInt8(commitCount & 0xFF), count: 16).span)
        for number in 0..<count {
            let shape = reading.octet()
            let channel: [UInt8] = Array("channel-\(shape % 3)".utf8)
            var data: [UInt8] = []
            data.append(decimal: UInt64(commitCount * 4 + number))
            data += [UInt8](repeating: 0x20, count: reading.octet() * (shape % 5))
            let timestamp: ItemTimestamp = shape < 0x80 ? .server(rig.now) : .device(rig.now + UInt64(shape))
            let time = shape < 0x80 ? rig.now : rig.now + UInt64(shape)
            let item = SentItem(channel: channel, type: Array("text".utf8), timestamp: time, data: data)
            batch.append(
                channelID: channel.span, channelType: item.type.span, timestamp: timestamp, data: data.span,
                ticket: UInt64(number),
                place: isKeyed ? KeyedPlace(key: key, claim: 0, index: UInt64(number), digest: 7) : nil)
            sent.append(item)
        }
        for outcome in rig.commit(batch) {
            if case .accepted(let frame) = outcome.verdict {
                accepted[sent[Int(outcome.ticket)]] = (frame, commitCount)
            }
        }
        commitCount += 1
    }

    private mutating func reopen() {
        do {
            rig = try LogRig(rig.disk, now: rig.now)
        } catch {
            fatalError("a log that is whole can be opened: \(error)")
        }
        require(rig.ingest.warnings.isEmpty, "a log that is whole gives no warning")
    }

    /// Opens what is there, and holds it against what was promised.
    mutating func check(_ damages: [Damage]) {
        do {
            rig = try LogRig(rig.disk, now: rig.now)
        } catch let error as FrameLogError {
            require(!damages.isEmpty, "a log that is whole can be opened")
            require(error.reason == .corrupt || error.reason == .unsupported, "damage is told as such")
            guard let repaired = try? LogRig.openRepaired(rig.disk, now: rig.now) else { return }
            rig = repaired
            return checkItems(damages, isRepaired: true)
        } catch {
            fatalError("a log is read or damaged, and nothing else: \(error)")
        }
        checkItems(damages, isRepaired: false)
    }

    /// Ends all windows, and holds what is in frames against what was promised.
    private mutating func checkItems(_ damages: [Damage], isRepaired: Bool) {
        rig.pass(milliseconds: 10_000)
        var found: Set<SentItem> = []
        for (item, frame) in rig.stored() {
            guard let promise = accepted[item] else { fatalError("an item that was never sent") }
            require(promise.frame == frame, "an item is in the frame that was named")
            require(found.insert(item).inserted, "an item is in one frame, once")
        }
        let lost = Set(accepted.filter { !found.contains($0.key) }.map(\.value.commit))
        if damages.isEmpty { require(lost.isEmpty, "what was accepted is there") }
        if damages == [.sector] && !isRepaired {
            let last = accepted.values.map(\.commit).max() ?? 0
            require(lost.isSubset(of: [last]), "one damaged sector hides the last commit at most")
        }
    }
}

/// Damages one place of the log's files.
private func damage(_ disk: MemoryDisk, _ reading: inout Reading) -> Damage {
    let paths = disk.paths(LogRig.path + "/log/")
    if paths.isEmpty { return .none }
    let kind = reading.octet()
    let path = paths[reading.octet() % paths.count]
    guard var octets = disk[path], !octets.isEmpty else { return .none }
    let place = reading.short() % octets.count
    let sector = place / 512 * 512
    let end = min(sector + 512, octets.count)
    switch kind % 8 {
    case 0..<4: octets[place] ^= 1 << UInt8(kind >> 5)
    case 4: octets.replaceSubrange(sector..<end, with: [UInt8](repeating: 0, count: end - sector))
    case 5:
        let tail = octets.count - place
        octets.replaceSubrange(place..., with: [UInt8](repeating: 0, count: tail))
    case 6:
        let other = disk[paths[(kind >> 3) % paths.count]] ?? []
        let from = reading.short() / 512 * 512
        if from + 512 <= other.count { octets.replaceSubrange(sector..<end, with: other[from..<from + 512]) }
    default: octets.removeLast(octets.count - place)
    }
    disk[path] = octets
    return kind % 8 == 5 || kind % 8 == 7 ? .more : .sector
}
