import Bytes
import HTTP
import TimeFrame

/// Frames as a table for programs: a row an item, as RFC 4180 says, with the same columns whatever is in
/// them.
///
/// The column `form` says what the column `data` is: `json` (the value as it was posted), `text`, or
/// `base64`. `time` is `timestamp` for people, and empty past the year 9999. `size` counts the octets that
/// were posted. Columns for members of JSON items follow, where they are asked for.
struct FrameCSV {
    /// The members that have a column each, as `JSONValue.member(at:)` takes them.
    let members: [String]

    init(members: [String] = []) {
        self.members = members
    }

    /// Appends the row of names, which comes once, however many frames follow.
    func appendNames(to sink: inout some OctetSink & ~Copyable) {
        sink.append("channel,type,timestamp,time,size,form,data")
        for member in members {
            sink.append(",")
            Self.appendField(Array(member.utf8).span, to: &sink)
        }
        sink.append("\r\n")
    }

    /// Appends the rows of a frame's items, channel by channel.
    func append(_ frame: borrowing FrameReader, to sink: inout some OctetSink & ~Copyable) {
        for index in 0..<frame.channelCount { append(frame.channel(at: index), to: &sink) }
    }

    private func append(_ channel: borrowing FrameChannel, to sink: inout some OctetSink & ~Copyable) {
        var items = channel.items
        while let item = items.next() {
            Self.appendField(channel.id, to: &sink)
            sink.append(",")
            Self.appendField(channel.type, to: &sink)
            sink.append(",")
            sink.append(decimal: item.timestamp)
            sink.append(",")
            sink.append(utf8: Quantities.date(item.timestamp) ?? "")
            sink.append(",")
            sink.append(decimal: UInt64(item.data.count))
            let form = ItemForm(item.data, channelType: channel.type)
            switch form {
            case .json:
                sink.append(",json,")
                Self.appendField(item.data, to: &sink)
            case .text:
                sink.append(",text,")
                Self.appendField(item.data, to: &sink)
            case .binary:
                sink.append(",base64,")
                Base64.append(item.data, to: &sink)
            }
            if !members.isEmpty { appendMembers(of: item.data, isJSON: form == .json, to: &sink) }
            sink.append("\r\n")
        }
    }

    /// A cell for each member: a text without its quotes, nothing for null and for what isn't there, and
    /// anything else as JSON.
    private func appendMembers(
        of octets: Span<UInt8>, isJSON: Bool, to sink: inout some OctetSink & ~Copyable
    ) {
        let value = isJSON ? JSONValue(octets) : nil
        for member in members {
            sink.append(",")
            switch value?.member(at: member) {
            case nil, .null: break
            case .string(let text): Self.appendField(Array(text.utf8).span, to: &sink)
            case .some(let value):
                var text: [UInt8] = []
                value.append(to: &text)
                Self.appendField(text.span, to: &sink)
            }
        }
    }

    /// A field as it stands, or in quotes where it holds what separates fields or rows (RFC 4180 section 2).
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
