/// A window that has ended: which items are its frame, and where in the log their octets stand.
///
/// It can be handed to another thread, which reads the octets while the writer appends behind them.
package struct SealedWindow<Volume: Storage>: Sendable {
    /// Milliseconds since the UNIX epoch, and the frame's id.
    package let start: UInt64
    /// The first millisecond that belongs to the next window.
    package let end: UInt64
}
