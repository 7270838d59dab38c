import Bytes

/// Lays a JSON text out for people: on one line with spaces, or indented. Names, numbers and strings stay as
/// they were written, except that what could steer a terminal is escaped.
enum JSONLayout {
    private static let indentationStep = 2

    /// Appends `octets`, which are JSON, on one line: `{"a": 1, "b": [2, 3]}`.
    static func appendLine(_ octets: Span<UInt8>, to sink: inout some OctetSink & ~Copyable) {
        append(octets, to: &sink, indentation: nil)
    }

    /// Appends `octets`, which are JSON, one member or element a line, each line but the first indented by
    /// `indentation` columns or more.
    static func appendIndented(
        _ octets: Span<UInt8>, to sink: inout some OctetSink & ~Copyable, indentation: Int
    ) {
        append(octets, to: &sink, indentation: indentation)
    }

    private static func append(
        _ octets: Span<UInt8>, to sink: inout some OctetSink & ~Copyable, indentation: Int?
    ) {
        var depth = 0
        var index = 0
        while index < octets.count {
            let octet = octets[index]
            index += 1
            switch octet {
            case UInt8(ascii: "\""): index = appendString(octets, from: index, to: &sink)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                sink.append(octet)
                index = skipBlanks(octets, index)
                // An empty object or array stays together.
                if octets[index] == octet + 2 {
                    sink.append(octet + 2)
                    index += 1
                } else {
                    depth += 1
                    appendBreak(to: &sink, indentation, depth)
                }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                appendBreak(to: &sink, indentation, depth)
                sink.append(octet)
            case UInt8(ascii: ","):
                sink.append(octet)
                if indentation == nil { sink.append(" ") } else { appendBreak(to: &sink, indentation, depth) }
            case UInt8(ascii: ":"): sink.append(": ")
            case 0x20, 0x09, 0x0A, 0x0D: break
            default: sink.append(octet)
            }
        }
    }

    /// Appends a string up to and with its closing quote, and returns where that ends.
    private static func appendString(
        _ octets: Span<UInt8>, from start: Int, to sink: inout some OctetSink & ~Copyable
    ) -> Int {
        var index = start
        sink.append("\"")
        while octets[index] != UInt8(ascii: "\"") {
            if octets[index] == UInt8(ascii: "\\") {
                sink.append(copying: octets.extracting(index..<index + 2))
                index += 2
            } else {
                index += PlainText.appendCharacter(octets, at: index, to: &sink)
            }
        }
        sink.append("\"")
        return index + 1
    }

    private static func appendBreak(
        to sink: inout some OctetSink & ~Copyable, _ indentation: Int?, _ depth: Int
    ) {
        guard let indentation else { return }
        sink.append("\n")
        for _ in 0..<indentation + depth * indentationStep { sink.append(" ") }
    }

    private static func skipBlanks(_ octets: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        while [0x20, 0x09, 0x0A, 0x0D].contains(octets[index]) { index += 1 }
        return index
    }
}
