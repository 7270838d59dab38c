import Bytes
import HTTP
import TimeFrame

/// An item as a line of JSON: `{"channel": …, "type": …, "timestamp": …, "frame": …, "data": …}`.
///
/// `data` is the JSON value as it was posted. Of other items it is base 64, and a member `encoding` says so.
enum ItemLine {
    /// Appends the line of an item that is in a frame.
    static func append(
        _ item: borrowing FrameItem, of channel: borrowing FrameChannel, frame: String,
        to sink: inout some OctetSink & ~Copyable
    ) {
        begin(channel: channel.id, type: channel.type, to: &sink)
        sink.append(",\"timestamp\":")
        sink.append(decimal: item.timestamp)
        sink.append(",\"frame\":")
        JSONWriter.append(frame, to: &sink)
        if ItemForm(item.data, channelType: channel.type) == .json {
            appendJSON(item.data, to: &sink)
        } else {
            sink.append(",\"data\":\"")
            Base64.append(item.data, to: &sink)
            sink.append("\",\"encoding\":\"base64\"}\n")
        }
    }

    /// The line of an item that comes as an event, which is in no frame yet; nil where the event's data is
    /// not what its type says.
    ///
    /// The event's type is the channel's, with `;base64` behind it where data is that, and its id the item's
    /// time.
    static func line(of event: EventStream.Event, channel: String) -> [UInt8]? {
        let mark = Array(";base64".utf8)
        let isBase64 = event.type.suffix(mark.count) == mark[...]
        let data = event.data.span
        var line: [UInt8] = []
        let name = Array(isBase64 ? event.type.dropLast(mark.count) : event.type[...])
        begin(channel: Array(channel.utf8).span, type: name.span, to: &line)
        if let timestamp = event.id?.span.decimal() {
            line.append(",\"timestamp\":")
            line.append(decimal: timestamp)
        }
        if isBase64 {
            line.append(",\"data\":")
            JSONWriter.append(utf8: data, to: &line)
            line.append(",\"encoding\":\"base64\"}\n")
        } else if JSONValidator.fault(in: data) == nil {
            appendJSON(data, to: &line)
        } else {
            return nil
        }
        return line
    }

    private static func begin(
        channel: Span<UInt8>, type: Span<UInt8>, to sink: inout some OctetSink & ~Copyable
    ) {
        sink.append("{\"channel\":")
        JSONWriter.append(utf8: channel, to: &sink)
        sink.append(",\"type\":")
        JSONWriter.append(utf8: type, to: &sink)
    }

    /// The value in one line: in JSON, line ends stand only where blanks may (RFC 8259 section 2).
    private static func appendJSON(_ value: Span<UInt8>, to sink: inout some OctetSink & ~Copyable) {
        sink.append(",\"data\":")
        for index in value.indices {
            let octet = value[index]
            sink.append(octet == UInt8(ascii: "\n") || octet == UInt8(ascii: "\r") ? 0x20 : octet)
        }
        sink.append("}\n")
    }
}
