/// Where a `FrameEncoder` puts a frame's octets: a file, a socket, an array.
public protocol FrameSink: ~Copyable {
    /// Takes the next octets of the frame: between one and `FrameEncoder.pieceByteCount` at a time, or more where an
    /// item's data is handed through as it came. What it throws reaches whoever called the encoder.
    mutating func write(_ octets: Span<UInt8>) throws
}
