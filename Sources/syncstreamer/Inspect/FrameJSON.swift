import Bytes
import HTTP
import TimeFrame

/// A frame as one JSON object, for programs.
///
/// Of an item's data, exactly one member tells: `json` (the value as it was posted), `text`, or `base64`.
enum FrameJSON {
    /// Appends the object and a line end.
    static func append(_ frame: borrowing FrameReader, to sink: inout some OctetSink & ~Copyable) {
        sink.append("{\"version\":")
        sink.append(decimal: UInt64(FrameHeader.version))
        sink.append(",\"startAt\":")
        sink.append(decimal: frame.header.startTimestamp)
        sink.append(",\"endAt\":")
        sink.append(decimal: frame.header.endTimestamp)
        sink.append(",\"channels\":[")
        for index in 0..<frame.channelCount {
            if index > 0 { sink.append(",") }
            append(frame.channel(at: index), to: &sink)
        }
        sink.append("]}\n")
    }

    private static func append(_ channel: borrowing FrameChannel, to sink: inout some OctetSink & ~Copyable) {
        sink.append("{\"id\":")
        JSONWriter.append(utf8: channel.id, to: &sink)
        sink.append(",\"type\":")
        JSONWriter.append(utf8: channel.type, to: &sink)
        sink.append(",\"items\":[")
        var items = channel.items
        var isFirst = true
        while let item = items.next() {
            if !isFirst { sink.append(",") }
            isFirst = false
            sink.append("{\"timestamp\":")
            sink.append(decimal: item.timestamp)
            switch ItemForm(item.data, channelType: channel.type) {
            case .json:
                sink.append(",\"json\":")
                sink.append(copying: item.data)
            case .text:
                sink.append(",\"text\":")
                JSONWriter.append(utf8: item.data, to: &sink)
            case .binary:
                sink.append(",\"base64\":\"")
                Base64.append(item.data, to: &sink)
                sink.append("\"")
            }
            sink.append("}")
        }
        sink.append("]}")
    }
}
