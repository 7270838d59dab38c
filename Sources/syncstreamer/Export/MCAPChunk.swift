import Bytes

/// The records of one chunk of an MCAP file, and where in it each channel's messages are.
struct MCAPChunk: ~Copyable {
    /// Schemas, channels and messages, one after the other.
    var records = Buffer()
    private(set) var startNanoseconds = UInt64.max
    private(set) var endNanoseconds: UInt64 = 0
    private var index: [UInt16: [(nanoseconds: UInt64, offset: UInt64)]] = [:]

    /// Whether no message is in it.
    var isEmpty: Bool { index.isEmpty }

    /// Appends a message's record up to its data, which is to follow.
    mutating func appendMessageHead(
        channel: UInt16, sequence: UInt32, nanoseconds: UInt64, dataByteCount: Int
    ) {
        index[channel, default: []].append((nanoseconds, UInt64(records.count)))
        startNanoseconds = min(startNanoseconds, nanoseconds)
        endNanoseconds = max(endNanoseconds, nanoseconds)
        MCAPRecord.message.appendPrefix(
            byteCount: UInt64(MCAPRecord.messageHeadByteCount + dataByteCount), to: &records)
        records.append(littleEndian: channel)
        records.append(littleEndian: sequence)
        // When it was recorded and when it was published: an item has one time.
        records.append(littleEndian: nanoseconds)
        records.append(littleEndian: nanoseconds)
    }

    /// Appends the index records that follow the chunk; returns each channel's offset from the first.
    func appendIndexes(to buffer: inout Buffer) -> [(channel: UInt16, offset: UInt64)] {
        let start = buffer.count
        var offsets: [(channel: UInt16, offset: UInt64)] = []
        for (channel, messages) in index.sorted(by: { $0.key < $1.key }) {
            offsets.append((channel, UInt64(buffer.count - start)))
            let listByteCount = messages.count * 16
            MCAPRecord.messageIndex.appendPrefix(byteCount: UInt64(6 + listByteCount), to: &buffer)
            buffer.append(littleEndian: channel)
            buffer.append(littleEndian: UInt32(listByteCount))
            for message in messages {
                buffer.append(littleEndian: message.nanoseconds)
                buffer.append(littleEndian: message.offset)
            }
        }
        return offsets
    }

    /// Makes it as new, and keeps the memory.
    mutating func reset() {
        records.removeAll()
        index.removeAll(keepingCapacity: true)
        startNanoseconds = .max
        endNanoseconds = 0
    }
}
