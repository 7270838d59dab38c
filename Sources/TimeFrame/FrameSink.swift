/// Where a `FrameEncoder` puts a frame's octets: a file, a socket, an array.
public protocol FrameSink: ~Copyable {
    /// Takes the next octets of the frame: one or more, at most `FrameEncoder.pieceByteCount` unless one
    /// channel's names or the data of one item, as it was handed in, are longer. What it throws reaches
    /// whoever called the encoder.
    mutating func write(_ octets: Span<UInt8>) throws
}
