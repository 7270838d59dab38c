import Bytes
import CZlib

/// A gzip file (RFC 1952) that is made of blocks, so that the gzip form of a run of them can be put together
/// without compressing anything again. An immutable value.
package struct GzipBlocks: Sendable {
    /// The whole file.
    package let file: [UInt8]
    /// Where each block begins in what is compressed, and where the last one ends.
    private let bounds: [Int]
    /// The same in the file.
    private let fileBounds: [Int]
    /// CRC-32 of what is compressed, up to each bound.
    private let checksums: [UInt]

    /// What stands before the blocks in the file (RFC 1952 section 2.3).
    private static let headByteCount = 10

    /// What a file has beside its blocks and the octets around them, at most.
    package static let frameByteCountMax = 28

    /// - Parameters:
    ///   - octets: what is compressed.
    ///   - bounds: where its blocks begin, from 0 on, and where the last one ends; what stands behind that is
    ///     in the file, and in no block.
    package init(_ octets: Span<UInt8>, bounds: [Int]) throws(CompressionError) {
        precondition(bounds.first == 0 && bounds.last! <= octets.count, "the blocks are parts of the octets")
        var encoder = try GzipEncoder()
        var output = Buffer()
        var fileBounds = [Self.headByteCount]
        var checksums: [UInt] = [0]
        for (start, end) in zip(bounds, bounds.dropFirst()) {
            let block = octets.extracting(start..<end)
            encoder.update(block, into: &output)
            encoder.endBlock(into: &output)
            fileBounds.append(output.count)
            checksums.append(Self.checksum(block, after: checksums.last!))
        }
        encoder.update(octets.extracting(bounds.last!..<octets.count), into: &output)
        encoder.finish(into: &output)
        file = output.octets.copied()
        self.bounds = bounds
        self.fileBounds = fileBounds
        self.checksums = checksums
    }

    /// Where a run of blocks stands in the file.
    package func fileRange(of blocks: Range<Int>) -> Range<Int> {
        fileBounds[blocks.lowerBound]..<fileBounds[blocks.upperBound]
    }

    /// Puts a file together: `before`, a run of blocks, `after`. The octets around them are not compressed.
    ///
    /// - Parameters:
    ///   - before: at most 65,535 octets, as `after`.
    ///   - output: gets what stands before the blocks, and then what stands behind them.
    /// - Returns: where `fileRange(of:)` belongs, as a position in `output`.
    package func appendFrame(
        of blocks: Range<Int>, before: Span<UInt8>, after: Span<UInt8>, to output: inout [UInt8]
    ) -> Int {
        for octet in file[..<Self.headByteCount] { output.append(octet) }
        if !before.isEmpty { Self.append(stored: before, isLast: false, to: &output) }
        let position = output.count
        Self.append(stored: after, isLast: true, to: &output)
        let (start, end) = (bounds[blocks.lowerBound], bounds[blocks.upperBound])
        // Of the run alone: CRC-32 is linear, so it follows from those up to its start and up to its end.
        let run = crc32_combine(checksums[blocks.lowerBound], checksums[blocks.upperBound], end - start)
        let ahead = crc32_combine(Self.checksum(before, after: 0), run, end - start)
        let checksum = UInt32(truncatingIfNeeded: Self.checksum(after, after: ahead))
        output.append(bigEndian: checksum.byteSwapped)
        let count = UInt32(truncatingIfNeeded: before.count + end - start + after.count)
        output.append(bigEndian: count.byteSwapped)
        return position
    }

    /// A block that holds octets as they are, from a whole octet on (RFC 1951 section 3.2.4). Like all of the
    /// format, its numbers have the lowest octet first.
    private static func append(stored octets: Span<UInt8>, isLast: Bool, to output: inout [UInt8]) {
        let count = UInt16(octets.count)
        output.append(isLast ? 1 : 0)
        output.append(bigEndian: count.byteSwapped)
        output.append(bigEndian: ~count.byteSwapped)
        output.append(copying: octets)
    }

    private static func checksum(_ octets: Span<UInt8>, after before: UInt) -> UInt {
        // Without octets zlib begins anew (crc32_z in zlib.h).
        if octets.isEmpty { return before }
        // SAFETY: zlib reads the region within the closure.
        return unsafe octets.withUnsafeBufferPointer { unsafe crc32_z(before, $0.baseAddress, $0.count) }
    }
}
