// Shows how event streams are cut into events, what an item looks like as a line, and what is tried again.
// That no item is left out or printed twice is shown by the end-to-end tests.
import ArgumentParser
import Testing
import TimeFrame

@testable import syncstreamer

@Suite struct TailTests {
    /// The events of a stream that comes in pieces of some size: `type|data`.
    private func events(_ text: String, pieces: Int, max: Int = 1000) throws -> [String] {
        let octets = Array(text.utf8)
        var stream = EventStream(eventByteCountMax: max)
        var events: [String] = []
        for start in stride(from: 0, to: octets.count, by: pieces) {
            try stream.take(octets[start..<min(start + pieces, octets.count)].span) { event in
                let id = event.id.map { [0x7C] + $0 } ?? []
                events.append(String(decoding: event.type + [0x7C] + event.data + id, as: UTF8.self))
            }
        }
        return events
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func aStreamIsCutIntoEventsWhateverItsPieces(pieces: Int) throws {
        let text =
            "\u{FEFF}:hello\n\nevent: a\ndata: 1\nid: 7\n\nevent:b\r\ndata:{\r\ndata: }\r\n\r\n"
            + "data\r\revent: dropped\n\nother: x\ndata:  two\n\ndata: not ended"
        #expect(try events(text, pieces: pieces) == ["a|1|7", "b|{\n}", "message|", "message| two"])
    }

    @Test func anEventHasALimit() throws {
        #expect(try events("data: 12345\n\n", pieces: 3, max: 12) == ["message|12345"])
        #expect(throws: CommandFailure.self) { _ = try events("data: 123456789", pieces: 3, max: 12) }
        #expect(throws: CommandFailure.self) {
            _ = try events("data: 12345\ndata: 12345\n", pieces: 3, max: 12)
        }
    }

    private func lines(_ type: String, _ items: [[UInt8]]) throws -> String {
        let octets = try FrameContent(
            startTimestamp: 1000, endTimestamp: 2000,
            channels: [.init(id: "a\"b", type: type, items: items.map { .init(timestamp: 7, data: $0) })]
        ).encode()
        let reader = try FrameReader(octets.span)
        let channel = reader.channel(at: 0)
        var text: [UInt8] = []
        var listed = channel.items
        while let item = listed.next() { ItemLine.append(item, of: channel, frame: "1000", to: &text) }
        return String(decoding: text, as: UTF8.self)
    }

    @Test func anItemIsALineOfJSON() throws {
        let items = [Array("{\"a\":\r\n [1]}".utf8), Array("text".utf8), []]
        let start = #"{"channel":"a\"b","type":"t","timestamp":7,"frame":"1000","data":"#
        #expect(
            try lines("t", items) == """
                \(start){"a":   [1]}}
                \(start)"dGV4dA==","encoding":"base64"}
                \(start)"","encoding":"base64"}

                """)
        #expect(try lines("application/octet-stream", [Array("17".utf8)]).contains(#""data":"MTc=""#))
    }

    @Test func anEventIsALineOfJSON() {
        func line(_ type: String, id: String? = nil, _ data: String) -> String? {
            let event = EventStream.Event(
                type: Array(type.utf8), id: id.map { Array($0.utf8) }, data: Array(data.utf8))
            return ItemLine.line(of: event, channel: "c").map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(
            line("t", id: "7", "[1,\n2]")
                == "{\"channel\":\"c\",\"type\":\"t\",\"timestamp\":7,\"data\":[1, 2]}\n")
        #expect(
            line("image/png;base64", "AAE=")
                == #"{"channel":"c","type":"image/png","data":"AAE=","encoding":"base64"}"# + "\n")
        #expect(line("t", "not JSON") == nil)
    }

    private func refusal(_ status: Int) -> ServerRefusal {
        ServerRefusal(status: status)
    }

    @Test func whatMayPassIsTriedAgainAfterAWait() throws {
        var waits: [UInt64] = []
        var patience = Patience {
            waits.append($0)
            return false
        }
        var failures = [503, 429, 500]
        let result = try patience.attempt {
            if let status = failures.popLast() { throw refusal(status) }
            return 17
        }
        #expect(result == 17)
        #expect(waits.count == 3)
        let ranges: [ClosedRange<UInt64>] = [100...200, 200...400, 400...800]
        #expect(zip(waits, ranges).allSatisfy { $1.contains($0) })
        #expect(!patience.isFailing)
    }

    @Test func whatDoesNotPassAndAnEndAreNotTriedAgain() throws {
        var patience = Patience { _ in true }
        #expect(throws: ServerRefusal.self) { _ = try patience.attempt { throw refusal(404) } as Int? }
        #expect(try patience.attempt { throw refusal(503) } as Int? == nil)
    }

    @Test(arguments: [
        ["--live"], ["--live", "c", "--since", "1s"], ["--since", "1s", "--from", "1"], [""],
    ])
    func whatCanNotBeMeantIsRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { _ = try TailCommand.parse(arguments) }
    }
}
