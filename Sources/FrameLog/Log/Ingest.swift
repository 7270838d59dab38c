/// The log and the windows it fills: takes items in, makes them durable, and hands out the windows that have ended.
///
/// Used by one thread, the writer; `stock` by any one other.
package final class Ingest<Volume: Storage> {
    package let settings: FrameLogSettings
    /// What was dropped or repaired when the log was opened, a line each.
    package let warnings: [String]
    /// Where the frame clock has been before: it is never to read less (`FrameClock.init(floor:)`).
    package let clockFloor: UInt64
    /// Empty segments in advance: `refill` it on another thread when `isLow`, or a commit does that work.
    package let stock: SegmentStock<Volume>
    /// Whether items are taken now.
    package private(set) var health = LogHealth.healthy

    /// Opens the folder `log` of a data directory and reads what it holds.
    ///
    /// - Parameters:
    ///   - storedThrough: `FrameStore.storedThrough`.
    ///   - salt: tells this run's segments from others' octets, so that no item can pass for the log's own records.
    /// - Throws: `SystemError` of the disk; `FrameLogError` where the log is damaged other than at its end, where the
    ///   settings can't be met, or where it holds open windows of another length.
    package init(
        opening volume: Volume, settings: FrameLogSettings, now: UInt64, storedThrough: UInt64?,
        salt: UInt64 = .random(in: 1 ... .max)
    ) throws {
        fatalError("not built yet")
    }

    /// When `commit` is to be called next, be it without items, so that windows end in time: milliseconds since the UNIX
    /// epoch; nil while no window has to end.
    package var nextSealAt: UInt64? { fatalError("not built yet") }

    /// Takes all items of `batches`, returns once those accepted are durable, and fills in each batch's `outcomes`.
    ///
    /// - Parameter now: the frame clock, read after the batches were taken.
    /// - Returns: the windows that ended, oldest first, to be stored in this order.
    package func commit(_ batches: inout [ItemBatch], now: UInt64) -> [SealedWindow<Volume>] {
        fatalError("not built yet")
    }

    /// Says that the frame of the sealed window that starts at `windowStart`, and all before it, are durably in the store,
    /// or are not to be stored: what the log keeps for them alone is removed.
    package func stored(windowStart: UInt64) {
        fatalError("not built yet")
    }
}
