// Shows that a frame far larger than memory is written and read through a mapped file: the file is a sparse
// one of 64 GiB, of which the codec touches only the pages with numbers in them.
import Glibc
import Testing
import TimeFrame

/// A sparse file without a name, gone with this value. Pieces of `holeByteCount` octets are taken for zeros
/// and left as holes; all others are written.
private final class SparseFile: FrameSink {
    static let holeByteCount = 64 << 20

    private let descriptor: Int32
    private(set) var byteCount = 0

    init() throws {
        var template = Array("/tmp/timeframe-test-XXXXXX".utf8CString)
        // SAFETY: mkstemp changes the template in place and keeps its length.
        descriptor = unsafe template.withUnsafeMutableBufferPointer { unsafe mkstemp($0.baseAddress!) }
        try #require(descriptor >= 0)
        _ = unsafe template.withUnsafeBufferPointer { unsafe unlink($0.baseAddress!) }
    }

    deinit { _ = close(descriptor) }

    func write(_ octets: Span<UInt8>) throws {
        let count = octets.count
        byteCount += count
        if count == Self.holeByteCount {
            try #require(ftruncate(descriptor, byteCount) == 0)
            return
        }
        // SAFETY: pwrite reads the span's octets only within the closure.
        let written = unsafe octets.withUnsafeBufferPointer {
            unsafe pwrite(descriptor, $0.baseAddress!, count, byteCount - count)
        }
        try #require(written == count)
    }

    func withMapping(_ body: (Span<UInt8>) throws -> Void) throws {
        let address = unsafe mmap(nil, byteCount, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, descriptor, 0)
        try #require(unsafe address != MAP_FAILED)
        defer { _ = unsafe munmap(address, byteCount) }
        // SAFETY: the mapping has byteCount octets, and stays until the closure is done.
        let octets = unsafe UnsafeRawBufferPointer(start: address, count: byteCount).bindMemory(
            to: UInt8.self)
        try body(unsafe Span(_unsafeElements: octets))
    }
}

@Suite struct LargeFrameTests {
    @Test func sixtyFourGibibytes() throws {
        let size = (4 << 30) + 5
        var layout = try FrameLayout(startTimestamp: 0, endTimestamp: 10)
        try layout.addChannel(id: [0x61], type: [], itemCount: 15, payloadByteCount: UInt64(15 * size))
        try layout.addChannel(id: [0x62], type: [], itemCount: 2, payloadByteCount: UInt64(size + 3))

        var file = try SparseFile()
        let zeros = [UInt8](repeating: 0, count: SparseFile.holeByteCount)
        var encoder = try FrameEncoder(layout, into: &file)
        for item in 0..<UInt64(16) {
            try encoder.beginItem(timestamp: item, byteCount: UInt64(size), into: &file)
            for _ in 0..<64 { try encoder.writeData(zeros.span, into: &file) }
            try encoder.writeData(zeros.span.extracting(0..<5), into: &file)
        }
        try encoder.write(timestamp: 16, data: [7, 8, 9].span, into: &file)
        try encoder.finish(into: &file)
        #expect(UInt64(file.byteCount) == layout.frameByteCount)

        try file.withMapping { octets in
            let reader = try FrameReader(octets)
            #expect(reader.itemCount == 17)
            let channel = reader.channel(at: 1)
            #expect(channel.payloadByteCount == size + 3)
            var items = channel.items
            var sizes: [Int] = []
            while let item = items.next() {
                sizes.append(item.data.count)
                if item.timestamp == 16 { #expect(item.data[0] == 7 && item.data[2] == 9) }
            }
            #expect(sizes == [size, 3])
            #expect(throws: FrameError(.dataPastEnd, at: 6)) {
                _ = try FrameReader(octets.extracting(0..<octets.count - 1))
            }
        }
    }
}
