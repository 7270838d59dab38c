import Bytes

/// The channels of an MCAP file, and the schemas of those that hold JSON.
///
/// A channel of a frame becomes a channel of the file with the same name as its topic, or two where some of
/// its items are JSON and others are not: an MCAP channel has one encoding. So does one whose type changes.
/// Its memory grows with the channels, and with nothing else.
struct MCAPChannels: ~Copyable {
    /// What makes a channel of the file.
    struct Key: Hashable {
        let id: [UInt8]
        let type: [UInt8]
        let isJSON: Bool
    }

    /// Channels are numbered from 1, in 16 bits.
    static let countMax = Int(UInt16.max)

    private var numbers: [Key: UInt16] = [:]
    /// How many messages each has, the channel numbered 1 first.
    private(set) var messageCounts: [UInt64] = []
    private(set) var schemaCount: UInt16 = 0
    /// All records so far, for the file's summary.
    private(set) var schemaRecords = Buffer()
    private(set) var channelRecords = Buffer()

    /// The number of a channel.
    ///
    /// - Parameters:
    ///   - item: its first item, by which the schema of a new channel goes.
    ///   - buffer: takes the records of a new channel, which precede its first message.
    /// - Throws: `CommandFailure` where there are more channels than a file can have.
    mutating func number(of key: Key, item: Span<UInt8>, newIn buffer: inout Buffer) throws -> UInt16 {
        if let number = numbers[key] { return number }
        if messageCounts.count == Self.countMax {
            throw CommandFailure(
                "there are more than \(Self.countMax) channels, which is all that an MCAP file can have; "
                    + "export a shorter time")
        }
        let number = UInt16(messageCounts.count + 1)
        numbers[key] = number
        messageCounts.append(0)
        if key.isJSON { appendSchema(number, key, item, to: &buffer) }
        appendChannel(number, key, to: &buffer)
        return number
    }

    /// Counts a message, and returns how many the channel had before.
    mutating func count(_ number: UInt16) -> UInt64 {
        messageCounts[Int(number) - 1] += 1
        return messageCounts[Int(number) - 1] - 1
    }

    /// Each JSON channel has a schema of its own, with the channel's number.
    private mutating func appendSchema(
        _ number: UInt16, _ key: Key, _ item: Span<UInt8>, to buffer: inout Buffer
    ) {
        schemaCount += 1
        var content: [UInt8] = []
        content.append(littleEndian: number)
        content.append(mcapString: key.id)
        content.append(mcapString: Array("jsonschema".utf8))
        content.append(mcapString: JSONSchema.text(for: item))
        MCAPRecord.schema.append(content.span, to: &schemaRecords)
        MCAPRecord.schema.append(content.span, to: &buffer)
    }

    private mutating func appendChannel(_ number: UInt16, _ key: Key, to buffer: inout Buffer) {
        var metadata: [UInt8] = []
        metadata.append(mcapString: Array("type".utf8))
        metadata.append(mcapString: key.type)
        var content: [UInt8] = []
        content.append(littleEndian: number)
        content.append(littleEndian: key.isJSON ? number : 0)
        content.append(mcapString: key.id)
        // The field is mandatory, and for what isn't well known any name will do (mcap.dev/spec/registry).
        let other = key.type.isEmpty ? Array("application/octet-stream".utf8) : key.type
        content.append(mcapString: key.isJSON ? Array("json".utf8) : other)
        content.append(mcapString: metadata)
        MCAPRecord.channel.append(content.span, to: &channelRecords)
        MCAPRecord.channel.append(content.span, to: &buffer)
    }
}
