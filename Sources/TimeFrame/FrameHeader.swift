internal import Bytes

/// The first 30 octets of a frame: how long its sections are, and which time it covers.
///
/// | at | size | field |
/// | --- | --- | --- |
/// | 0 | 2 | version, 1 |
/// | 2 | 4 | metadata size |
/// | 6 | 8 | data size |
/// | 14 | 8 | start timestamp |
/// | 22 | 8 | end timestamp |
public struct FrameHeader: Sendable, Hashable {
    /// The octets of an encoded header.
    public static let byteCount = 30
    /// The version of the format that this library reads and writes.
    public static let version: UInt16 = 1

    /// The octets of the metadata section, which follows the header.
    public let metadataByteCount: UInt32
    /// The octets of the data section, which follows the metadata section.
    public let dataByteCount: UInt64
    /// Where the frame's time begins, in milliseconds since the UNIX epoch.
    public let startTimestamp: UInt64
    /// Where the frame's time ends, in milliseconds since the UNIX epoch; not before the start.
    public let endTimestamp: UInt64

    init(metadataByteCount: UInt32, dataByteCount: UInt64, startTimestamp: UInt64, endTimestamp: UInt64) {
        self.metadataByteCount = metadataByteCount
        self.dataByteCount = dataByteCount
        self.startTimestamp = startTimestamp
        self.endTimestamp = endTimestamp
    }

    /// Reads the header at the start of `octets`, and looks at nothing behind it: 30 octets of a file are
    /// enough to know how long it has to be.
    ///
    /// Throws `headerTruncated`, `unsupportedVersion` or `endBeforeStart`.
    public init(decoding octets: Span<UInt8>) throws(FrameError) {
        if octets.count < Self.byteCount { throw FrameError(.headerTruncated, at: octets.count) }
        let version = octets.bigEndian(at: 0, as: UInt16.self)
        if version != Self.version { throw FrameError(.unsupportedVersion(version), at: 0) }
        metadataByteCount = octets.bigEndian(at: 2, as: UInt32.self)
        dataByteCount = octets.bigEndian(at: 6, as: UInt64.self)
        startTimestamp = octets.bigEndian(at: 14, as: UInt64.self)
        endTimestamp = octets.bigEndian(at: 22, as: UInt64.self)
        if endTimestamp < startTimestamp { throw FrameError(.endBeforeStart, at: 22) }
    }

    /// The octets of the whole frame, or nil where 64 bits can't count them, so that no such frame can exist.
    public var frameByteCount: UInt64? {
        let (sum, overflow) = dataByteCount.addingReportingOverflow(
            UInt64(Self.byteCount) + UInt64(metadataByteCount))
        return overflow ? nil : sum
    }

    func append(to sink: inout some OctetSink & ~Copyable) {
        sink.append(bigEndian: Self.version)
        sink.append(bigEndian: metadataByteCount)
        sink.append(bigEndian: dataByteCount)
        sink.append(bigEndian: startTimestamp)
        sink.append(bigEndian: endTimestamp)
    }
}
