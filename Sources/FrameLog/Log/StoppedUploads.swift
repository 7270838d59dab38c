/// Uploads of which an item was refused for a reason that passes, such as a full disk. None of their later
/// items is taken: what is accepted of an upload is then what comes first in it, so that its client can send
/// the rest again, and a key that counts how far its upload is stored counts nothing that was refused.
///
/// Items that were on their way when the refusal came stand in later commits, where there may be room again.
/// An upload ends as soon as its loop hears of the refusal, and is forgotten here when the loop says that it
/// has. Tickets are never used again, so nothing depends on when that is.
struct StoppedUploads {
    private struct Upload: Hashable {
        let loop: UInt32
        let ticket: UInt64
    }

    private struct Stop {
        let verdict: ItemVerdict
        let commit: UInt64
    }

    private var stops: [Upload: Stop] = [:]

    var isEmpty: Bool { stops.isEmpty }

    /// What the upload's items are to hear; nil where they may be taken.
    func verdict(of ticket: UInt64, from loop: UInt32) -> ItemVerdict? {
        if stops.isEmpty { return nil }
        return stops[Upload(loop: loop, ticket: ticket)]?.verdict
    }

    /// An item of the upload hears `verdict` in that commit, and so will those behind it.
    mutating func stop(_ ticket: UInt64, from loop: UInt32, _ verdict: ItemVerdict, in commit: UInt64) {
        let upload = Upload(loop: loop, ticket: ticket)
        if stops[upload] == nil { stops[upload] = Stop(verdict: verdict, commit: commit) }
    }

    /// The loop knows what became of its items up to that commit.
    mutating func forget(of loop: UInt32, through commit: UInt64) {
        if stops.isEmpty { return }
        stops = stops.filter { $0.key.loop != loop || $0.value.commit > commit }
    }
}
