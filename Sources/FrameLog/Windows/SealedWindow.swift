/// A window that has ended: which items are its frame, and where in the log their octets stand.
///
/// It can be handed to another thread, which reads the octets while the writer appends behind them.
package struct SealedWindow<Volume: Storage>: Sendable {
    /// Milliseconds since the UNIX epoch, and the frame's id.
    package var start: UInt64 { window.start }
    /// The first millisecond that belongs to the next window.
    package var end: UInt64 { window.end }
    package var itemCount: Int { window.references.count }

    let window: OpenWindow
    /// The segments that the items stand in, oldest first, without a gap.
    let segments: [Segment<Volume>]

    init(_ window: OpenWindow, segments: [Segment<Volume>]) {
        self.window = window
        let last = window.isEmpty ? nil : window.references[window.references.count - 1].position.segment
        self.segments = last.map { last in segments.filter { $0.sequence <= last } } ?? []
    }
}
