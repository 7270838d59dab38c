import Bytes
import TimeFrame

/// A frame as people read it: its header, a table of its channels, and every item.
struct FrameTable {
    /// What a JSON text may have to stand on one line; a longer one is indented.
    private static let lineColumnsMax = 100
    /// Octets shown of binary data: a row of a hex dump.
    private static let dumpByteCount = 16
    private static let indentation = 4

    let style: Style

    /// Appends all of the frame.
    func append(_ frame: borrowing FrameReader, to sink: inout some OctetSink & ~Copyable) {
        appendHeader(frame, to: &sink)
        if frame.channelCount == 0 { return }
        appendChannels(frame, to: &sink)
        for index in 0..<frame.channelCount { appendItems(of: frame.channel(at: index), to: &sink) }
    }

    private func appendHeader(_ frame: borrowing FrameReader, to sink: inout some OctetSink & ~Copyable) {
        let header = frame.header
        let byteCount = header.frameByteCount ?? 0
        let duration = TimeSpan(milliseconds: header.endTimestamp - header.startTimestamp)
            .defaultValueDescription
        let end = "\(Quantities.moment(header.endTimestamp)) (\(duration))"
        let sections =
            "\(byteCount) octets: header \(FrameHeader.byteCount), metadata \(header.metadataByteCount), "
            + "data \(header.dataByteCount)"
        let lines = [
            ("frame", "\(header.startTimestamp)"), ("start", Quantities.moment(header.startTimestamp)),
            ("end", end),
            ("size", sections), ("channels", "\(frame.channelCount)"), ("items", "\(frame.itemCount)"),
        ]
        for (name, value) in lines {
            let blanks = String(repeating: " ", count: 10 - name.count)
            sink.append(utf8: "\(style.heading(name))\(blanks)\(value)\n")
        }
    }

    private func appendChannels(_ frame: borrowing FrameReader, to sink: inout some OctetSink & ~Copyable) {
        var table = TextTable([
            ("channel", .left), ("type", .left), ("items", .right), ("octets", .right),
        ])
        for index in 0..<frame.channelCount {
            let channel = frame.channel(at: index)
            table.add([
                Self.text(channel.id), Self.text(channel.type), "\(channel.itemCount)",
                "\(channel.payloadByteCount)",
            ])
        }
        sink.append("\n")
        for line in table.lines(style) { sink.append(utf8: line + "\n") }
    }

    private func appendItems(of channel: borrowing FrameChannel, to sink: inout some OctetSink & ~Copyable) {
        sink.append(utf8: "\n\(style.heading(Self.text(channel.id)))\n")
        var items = channel.items
        while let item = items.next() {
            sink.append(utf8: "  \(style.aside(Quantities.moment(item.timestamp)))  ")
            switch ItemForm(item.data, channelType: channel.type) {
            case .json: appendJSON(item.data, to: &sink)
            case .text: appendText(item.data, to: &sink)
            case .binary: appendBinary(item.data, to: &sink)
            }
            sink.append("\n")
        }
    }

    private func appendJSON(_ octets: Span<UInt8>, to sink: inout some OctetSink & ~Copyable) {
        var line: [UInt8] = []
        JSONLayout.appendLine(octets, to: &line)
        if line.count <= Self.lineColumnsMax {
            sink.append(copying: line.span)
        } else {
            JSONLayout.appendIndented(octets, to: &sink, indentation: Self.indentation)
        }
    }

    /// A text's lines, those behind the first indented.
    private func appendText(_ octets: Span<UInt8>, to sink: inout some OctetSink & ~Copyable) {
        var index = 0
        while index < octets.count {
            switch octets[index] {
            case UInt8(ascii: "\n"):
                index += 1
                if index == octets.count { break }
                sink.append("\n")
                for _ in 0..<Self.indentation { sink.append(" ") }
            case UInt8(ascii: "\r"): index += 1
            case UInt8(ascii: "\t"):
                sink.append("\t")
                index += 1
            default: index += PlainText.appendCharacter(octets, at: index, to: &sink)
            }
        }
    }

    /// `3 octets  00 ff 41  |..A|`
    private func appendBinary(_ octets: Span<UInt8>, to sink: inout some OctetSink & ~Copyable) {
        sink.append(utf8: Quantities.count(UInt64(octets.count), "octet"))
        if octets.isEmpty { return }
        let shown = octets.extracting(first: Self.dumpByteCount)
        sink.append(" ")
        for index in shown.indices {
            sink.append(" ")
            sink.append(hex: shown.extracting(index..<index + 1))
        }
        if shown.count < octets.count { sink.append(" …") }
        sink.append("  |")
        for index in shown.indices {
            sink.append(0x20...0x7E ~= shown[index] ? shown[index] : UInt8(ascii: "."))
        }
        sink.append("|")
    }

    private static func text(_ octets: Span<UInt8>) -> String {
        var text: [UInt8] = []
        PlainText.append(octets, to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
