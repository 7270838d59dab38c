/// The uploads with keys that may be tried again: how far each is stored, and who may go on with it.
///
/// What is noted counts at once, so that the next item of the same commit sees it, and is taken back by
/// `rollBack` where the commit fails.
struct KeyTable: Sendable {
    /// How long a key is remembered behind the end of the last window that an item of it is in.
    static let keptMilliseconds: UInt64 = 300_000

    /// How often all keys are looked at: half a million take some ten milliseconds.
    private static let sweepMilliseconds: UInt64 = 10_000

    struct Entry: Sendable, Equatable {
        var progress = UploadProgress()
        /// The end of the latest window that an item is in; before the first item, when it was claimed.
        var windowEnd: UInt64
        /// The claim that is good; 0 for none.
        var claim: UInt64 = 0
    }

    private(set) var entries: [UploadKey: Entry] = [:]
    /// How many keys each sender has (`UploadKey.owner`).
    private var ownerCounts: [UInt32: Int] = [:]
    /// Keys that something was noted of since the last seal.
    private var changed: Set<UploadKey> = []
    private var undo: [(key: UploadKey, before: Entry)] = []
    private var lastClaim: UInt64 = 0
    private var expireAt: UInt64 = 0

    /// Gives the key to a new claimant. Nil where it is new and there are `countMax` already, or
    /// `ownerCountMax` of the same sender's.
    mutating func claim(_ key: UploadKey, now: UInt64, countMax: Int, ownerCountMax: Int) -> KeyClaim? {
        if entries[key] == nil
            && (entries.count >= countMax || ownerCounts[key.owner, default: 0] >= ownerCountMax)
        {
            return nil
        }
        lastClaim += 1
        var entry = entries[key] ?? Entry(windowEnd: now)
        entry.claim = lastClaim
        set(entry, of: key)
        return KeyClaim(number: lastClaim, progress: entry.progress)
    }

    private mutating func set(_ entry: Entry, of key: UploadKey) {
        if entries.updateValue(entry, forKey: key) == nil { ownerCounts[key.owner, default: 0] += 1 }
    }

    /// Whether the claim is the key's latest.
    func isGood(_ place: KeyedPlace) -> Bool { entries[place.key]?.claim == place.claim }

    /// Notes that an item is stored. What is known already changes nothing.
    mutating func note(_ key: UploadKey, index: UInt64, digest: UInt64, window: Range<UInt64>) {
        var entry = entries[key] ?? Entry(windowEnd: window.upperBound)
        undo.append((key, entry))
        entry.windowEnd = max(entry.windowEnd, window.upperBound)
        if index >= entry.progress.through {
            entry.progress.through = index + 1
            entry.progress.storedCount += 1
            entry.progress.digest = digest
            entry.progress.lastFrame = window.lowerBound
            entry.progress.end = nil
        }
        set(entry, of: key)
        changed.insert(key)
    }

    /// Notes that an upload has ended behind `place.index` items, unless another has claimed it since, or
    /// nothing of it is stored. A crash may forget it: then a retry may bring another end.
    mutating func end(_ place: KeyedPlace) {
        guard isGood(place), var entry = entries[place.key], entry.progress.storedCount > 0 else { return }
        undo.append((place.key, entry))
        entry.progress.end = UploadEnd(itemCount: place.index, digest: place.digest)
        entries[place.key] = entry
        changed.insert(place.key)
    }

    /// What was noted is durable.
    mutating func commit() { undo.removeAll(keepingCapacity: true) }

    /// Forgets what was noted and not committed; claims stay.
    mutating func rollBack() {
        while let (key, before) = undo.popLast() {
            entries[key]?.progress = before.progress
            entries[key]?.windowEnd = before.windowEnd
        }
    }

    /// What has changed since the last call: it goes with the window that is sealed next.
    mutating func takeChanges() -> [KeyRecord] {
        if changed.isEmpty { return [] }
        let records = changed.compactMap { key in entries[key].map { KeyRecord(key: key, entry: $0) } }
        changed.removeAll()
        return records
    }

    /// Takes what an earlier run has left, wherever that is further than what is known.
    mutating func merge(_ records: [KeyRecord]) {
        for record in records {
            var entry = entries[record.key] ?? Entry(windowEnd: record.windowEnd)
            let (known, said) = (entry.progress, record.progress)
            if said.through > known.through || said.through == known.through && known.end == nil {
                entry.progress = said
            }
            entry.windowEnd = max(entry.windowEnd, record.windowEnd)
            set(entry, of: record.key)
        }
    }

    /// Forgets, from time to time, the keys whose time is over at `now`.
    mutating func expire(now: UInt64, lateness: UInt64) {
        if now < expireAt { return }
        expireAt = now + Self.sweepMilliseconds
        let kept = Self.keptMilliseconds + lateness
        entries = entries.filter { $0.value.windowEnd + kept > now }
        ownerCounts.removeAll(keepingCapacity: true)
        for key in entries.keys { ownerCounts[key.owner, default: 0] += 1 }
    }
}

/// What is remembered of a key on the disk.
struct KeyRecord: Sendable, Equatable {
    let key: UploadKey
    let progress: UploadProgress
    let windowEnd: UInt64

    init(key: UploadKey, progress: UploadProgress, windowEnd: UInt64) {
        self.key = key
        self.progress = progress
        self.windowEnd = windowEnd
    }

    init(key: UploadKey, entry: KeyTable.Entry) {
        self.init(key: key, progress: entry.progress, windowEnd: entry.windowEnd)
    }
}
