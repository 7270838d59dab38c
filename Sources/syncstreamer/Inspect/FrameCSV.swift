import Bytes
import HTTP
import TimeFrame

/// A frame as a table for programs: a row an item, separated by commas and quoted as RFC 4180 says, with
/// plain line ends.
///
/// The column `form` says what the column `data` is: `json` (the value as it was posted), `text`, or
/// `base64`.
enum FrameCSV {
    /// Appends the row of names and the items' rows, channel by channel.
    static func append(_ frame: borrowing FrameReader, to sink: inout some OctetSink & ~Copyable) {
        sink.append("channel,type,timestamp,form,data\n")
        for index in 0..<frame.channelCount { append(frame.channel(at: index), to: &sink) }
    }

    private static func append(_ channel: borrowing FrameChannel, to sink: inout some OctetSink & ~Copyable) {
        var items = channel.items
        while let item = items.next() {
            appendField(channel.id, to: &sink)
            sink.append(",")
            appendField(channel.type, to: &sink)
            sink.append(",")
            sink.append(decimal: item.timestamp)
            switch ItemForm(item.data, channelType: channel.type) {
            case .json:
                sink.append(",json,")
                appendField(item.data, to: &sink)
            case .text:
                sink.append(",text,")
                appendField(item.data, to: &sink)
            case .binary:
                sink.append(",base64,")
                Base64.append(item.data, to: &sink)
            }
            sink.append("\n")
        }
    }

    /// A field as it stands, or in quotes where it holds what separates fields or rows.
    private static func appendField(_ octets: Span<UInt8>, to sink: inout some OctetSink & ~Copyable) {
        let quote = UInt8(ascii: "\"")
        var isQuoted = false
        for index in octets.indices where !isQuoted {
            switch octets[index] {
            case quote, UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r"): isQuoted = true
            default: break
            }
        }
        if !isQuoted {
            sink.append(copying: octets)
            return
        }
        sink.append(quote)
        for index in octets.indices {
            if octets[index] == quote { sink.append(quote) }
            sink.append(octets[index])
        }
        sink.append(quote)
    }
}
