import Bytes
import Compression
import Posix
import TimeFrame

/// Writes the items of frames into an MCAP file (mcap.dev/spec, version 0), from front to back: each item is
/// a message with the item's time, its data as it was posted.
///
///     magic  header  (chunk  message indexes)…  data end  schemas  channels  chunk indexes  statistics
///     summary offsets  footer  magic
///
/// Chunks are not compressed. The memory it takes grows with the channels and with nothing else: the chunk
/// indexes wait in a second file.
struct MCAPWriter: ~Copyable {
    /// A chunk is closed when its records are as long. A reader holds one in memory.
    static let chunkByteCount = 1 << 20

    private let output: MCAPOutput
    private let indexFile: File
    private var indexByteCount: UInt64 = 0
    private var chunk = MCAPChunk()
    private var chunkCount: UInt32 = 0
    private var channels = MCAPChannels()
    private(set) var messageCount: UInt64 = 0
    /// Items whose time is past what the format can say, which is in the year 2554.
    private(set) var cappedCount: UInt64 = 0
    private var startNanoseconds = UInt64.max
    private var endNanoseconds: UInt64 = 0

    /// Begins a file.
    ///
    /// - Parameters:
    ///   - file: new and empty.
    ///   - indexFile: new and empty too, and of no use afterwards.
    ///   - library: what wrote the file, for the reader's eyes.
    init(to file: File, indexFile: File, library: String) throws {
        output = MCAPOutput(to: file)
        self.indexFile = indexFile
        let magic = MCAPRecord.magic
        try output.write(magic.span)
        var content: [UInt8] = []
        content.append(mcapString: [])  // No profile.
        content.append(mcapString: Array(library.utf8))
        var record = Buffer()
        MCAPRecord.header.append(content.span, to: &record)
        try output.write(record.octets)
    }

    /// How long the file is so far.
    var byteCount: UInt64 { output.position }

    /// Adds all items of a frame, channel by channel. Readers sort messages by their times.
    mutating func add(_ frame: borrowing FrameReader) throws {
        for index in 0..<frame.channelCount { try add(frame.channel(at: index)) }
    }

    private mutating func add(_ channel: borrowing FrameChannel) throws {
        let id = channel.id.copied()
        let type = channel.type.copied()
        var items = channel.items
        while let item = items.next() {
            let isJSON = ItemForm(item.data, channelType: channel.type) == .json
            try add(item, MCAPChannels.Key(id: id, type: type, isJSON: isJSON))
        }
    }

    private mutating func add(_ item: borrowing FrameItem, _ key: MCAPChannels.Key) throws {
        let isLarge = item.data.count > Self.chunkByteCount
        if isLarge && !chunk.isEmpty { try writeChunk() }
        let number = try channels.number(of: key, item: item.data, newIn: &chunk.records)
        var (nanoseconds, isPastTime) = item.timestamp.multipliedReportingOverflow(by: 1_000_000)
        if isPastTime {
            nanoseconds = .max
            cappedCount += 1
        }
        chunk.appendMessageHead(
            channel: number, sequence: UInt32(truncatingIfNeeded: channels.count(number)),
            nanoseconds: nanoseconds, dataByteCount: item.data.count)
        messageCount += 1
        if isLarge {
            // Its data goes from the frame into the file.
            try writeChunk(tail: item.data)
        } else {
            chunk.records.append(copying: item.data)
            if chunk.records.count >= Self.chunkByteCount { try writeChunk() }
        }
    }

    private mutating func writeChunk() throws {
        let none: [UInt8] = []
        try writeChunk(tail: none.span)
    }

    /// Writes the chunk and its indexes, and begins the next.
    ///
    /// - Parameter tail: what its last record ends with, beside what the chunk holds.
    private mutating func writeChunk(tail: Span<UInt8>) throws {
        let recordsByteCount = UInt64(chunk.records.count + tail.count)
        var recordsChecksum = CRC32()
        recordsChecksum.update(chunk.records.octets)
        recordsChecksum.update(tail)
        let start = output.position
        var head = Buffer()
        // Two times, a length, a checksum, an empty name of no compression, and the records with a length.
        MCAPRecord.chunk.appendPrefix(byteCount: 8 + 8 + 8 + 4 + 4 + 8 + recordsByteCount, to: &head)
        head.append(littleEndian: chunk.startNanoseconds)
        head.append(littleEndian: chunk.endNanoseconds)
        head.append(littleEndian: recordsByteCount)
        head.append(littleEndian: recordsChecksum.value)
        head.append(mcapString: [])
        head.append(littleEndian: recordsByteCount)
        try output.write(head.octets)
        try output.write(chunk.records.octets)
        try output.write(tail)

        let chunkByteCount = output.position - start
        let indexStart = output.position
        var indexes = Buffer()
        let offsets = chunk.appendIndexes(to: &indexes)
        try output.write(indexes.octets)

        var content = Buffer()
        content.append(littleEndian: chunk.startNanoseconds)
        content.append(littleEndian: chunk.endNanoseconds)
        content.append(littleEndian: start)
        content.append(littleEndian: chunkByteCount)
        content.append(littleEndian: UInt32(offsets.count * 10))
        for (channel, offset) in offsets {
            content.append(littleEndian: channel)
            content.append(littleEndian: indexStart + offset)
        }
        content.append(littleEndian: UInt64(indexes.count))
        content.append(mcapString: [])
        content.append(littleEndian: recordsByteCount)
        content.append(littleEndian: recordsByteCount)
        var record = Buffer()
        MCAPRecord.chunkIndex.append(content.octets, to: &record)
        try indexFile.write(record.octets, at: indexByteCount)
        indexByteCount += UInt64(record.count)

        startNanoseconds = min(startNanoseconds, chunk.startNanoseconds)
        endNanoseconds = max(endNanoseconds, chunk.endNanoseconds)
        chunkCount += 1
        chunk.reset()
    }

    /// Writes what is left, the summary and the end.
    mutating func finish() throws {
        if !chunk.isEmpty { try writeChunk() }
        try output.write(.dataEnd) { $0.append(littleEndian: output.checksum.value) }

        output.checksum = CRC32()
        let summaryStart = output.position
        var groups: [(MCAPRecord, start: UInt64)] = [(.schema, output.position)]
        try output.write(channels.schemaRecords.octets)
        groups.append((.channel, output.position))
        try output.write(channels.channelRecords.octets)
        groups.append((.chunkIndex, output.position))
        try writeChunkIndexes()
        groups.append((.statistics, output.position))
        try writeStatistics()

        let offsetsStart = output.position
        for (index, group) in groups.enumerated() {
            let end = index + 1 < groups.count ? groups[index + 1].start : offsetsStart
            if end == group.start { continue }
            try output.write(.summaryOffset) { content in
                content.append(group.0.rawValue)
                content.append(littleEndian: group.start)
                content.append(littleEndian: end - group.start)
            }
        }

        // The checksum is of all from the summary on to where it stands itself.
        var footer = Buffer()
        MCAPRecord.footer.appendPrefix(byteCount: 20, to: &footer)
        footer.append(littleEndian: summaryStart)
        footer.append(littleEndian: offsetsStart)
        try output.write(footer.octets)
        var end: [UInt8] = []
        end.append(littleEndian: output.checksum.value)
        end += MCAPRecord.magic
        try output.write(end.span)
    }

    private func writeChunkIndexes() throws {
        var read: UInt64 = 0
        var piece = Buffer()
        while read < indexByteCount {
            piece.removeAll()
            let count = Int(min(indexByteCount - read, UInt64(Self.chunkByteCount)))
            read += UInt64(try indexFile.read(at: read, count: count, into: &piece))
            try output.write(piece.octets)
        }
    }

    private func writeStatistics() throws {
        try output.write(.statistics) { content in
            content.append(littleEndian: messageCount)
            content.append(littleEndian: channels.schemaCount)
            content.append(littleEndian: UInt32(channels.messageCounts.count))
            content.append(littleEndian: UInt32(0))  // Attachments.
            content.append(littleEndian: UInt32(0))  // Metadata.
            content.append(littleEndian: chunkCount)
            content.append(littleEndian: messageCount == 0 ? 0 : startNanoseconds)
            content.append(littleEndian: endNanoseconds)
            content.append(littleEndian: UInt32(channels.messageCounts.count * 10))
            for (index, count) in channels.messageCounts.enumerated() {
                content.append(littleEndian: UInt16(index + 1))
                content.append(littleEndian: count)
            }
        }
    }
}
