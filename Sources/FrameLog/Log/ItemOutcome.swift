/// Where an item's timestamp comes from, in milliseconds since the UNIX epoch.
package enum ItemTimestamp: Sendable, Equatable {
    /// The frame clock when the item arrived. Never late: if its window was sealed meanwhile, the item goes
    /// to the oldest open one.
    case server(UInt64)
    /// The device's own. Refused where it is late or too far ahead.
    case device(UInt64)
}

/// What became of an item.
package enum ItemVerdict: Sendable, Equatable {
    /// It is durable, and will be in the frame whose window starts at `frame`, and in no other.
    case accepted(frame: UInt64)
    /// It is older than every open window, of which the oldest starts at `oldestOpen`.
    case late(oldestOpen: UInt64)
    /// It is later than `limit`, one window from now.
    case tooFarAhead(limit: UInt64)
    /// Its channel has this type in its window already.
    case typeConflict(type: [UInt8])
    /// Its window, which ends at `end`, has as many channels or items as it may; or that was so for an item
    /// before it in its upload.
    case windowFull(end: UInt64)
    /// The disk is full, or was for an item before it in its upload; the item is in no frame. There may be
    /// room again later.
    case noSpace
    /// The log closed after an error of the disk; the item is in no frame. A restart recovers.
    case logClosed
    /// The log closed while it wrote the item, and what it wrote could not be taken back: a restart may find
    /// the item or not. The only honest answer is none: the connection is to be closed without a status.
    case inDoubt
    /// Of a claim: this is how far its upload is stored, durably, and the rest may be sent.
    indirect case claimed(KeyClaim)
    /// Of a claim: there are as many keys as may be; the oldest is forgotten before long. Nothing is stored.
    case keysFull
    /// Another has claimed the upload's key since; the item is in no frame.
    case superseded
    /// Of an upload's end: it is noted where there is anything to note.
    case ended
}

/// What became of the item that was appended with `ticket`.
package struct ItemOutcome: Sendable, Equatable {
    package let ticket: UInt64
    package let verdict: ItemVerdict
}
