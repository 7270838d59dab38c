import Bytes

/// Cuts an event stream into events (the HTML standard, "Parsing an event stream"), in whatever pieces it
/// comes.
struct EventStream {
    /// An event: its type, `message` where none is said, its own id, and its lines of data, put together
    /// again.
    struct Event: Equatable {
        let type: [UInt8]
        let id: [UInt8]?
        let data: [UInt8]
    }

    private let eventByteCountMax: Int
    private var line: [UInt8] = []
    private var type: [UInt8] = []
    private var id: [UInt8]?
    private var data: [UInt8]?
    private var isBehindReturn = false
    private var isAtStart = true

    /// - Parameter eventByteCountMax: a longer line or event is refused.
    init(eventByteCountMax: Int) {
        self.eventByteCountMax = eventByteCountMax
    }

    /// Takes the next octets and hands out each event that they end.
    mutating func take(_ octets: Span<UInt8>, _ body: (Event) throws -> Void) throws {
        for index in octets.indices {
            let octet = octets[index]
            if octet == UInt8(ascii: "\n") && isBehindReturn {
                isBehindReturn = false
            } else if octet == UInt8(ascii: "\n") || octet == UInt8(ascii: "\r") {
                isBehindReturn = octet == UInt8(ascii: "\r")
                if let event = endLine() { try body(event) }
            } else {
                isBehindReturn = false
                line.append(octet)
                if line.count + (data?.count ?? 0) > eventByteCountMax {
                    throw CommandFailure("an event has over \(eventByteCountMax) octets; check --url")
                }
            }
        }
    }

    private mutating func endLine() -> Event? {
        defer {
            line.removeAll(keepingCapacity: true)
            isAtStart = false
        }
        if isAtStart && line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        if line.isEmpty {
            defer {
                type = []
                id = nil
                data = nil
            }
            return data.map { Event(type: type.isEmpty ? Array("message".utf8) : type, id: id, data: $0) }
        }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        let name = line[..<colon]
        if name.elementsEqual("event".utf8) {
            type = Array(value)
        } else if name.elementsEqual("id".utf8) {
            id = Array(value)
        } else if name.elementsEqual("data".utf8) {
            data = data.map { $0 + [UInt8(ascii: "\n")] + value } ?? Array(value)
        }
        return nil
    }
}
