// Shows what an MCAP file is made of, where its reader in Python can't: its limits, and the schemas that are
// told of channels. That the reader finds every item is shown by the end-to-end tests.
import Bytes
import Testing
import TimeFrame

@testable import syncstreamer

@Suite struct ExportTests {
    private func key(_ id: String, isJSON: Bool = false, type: String = "t") -> MCAPChannels.Key {
        MCAPChannels.Key(id: Array(id.utf8), type: Array(type.utf8), isJSON: isJSON)
    }

    @Test func aChannelIsNewOnce() throws {
        var channels = MCAPChannels()
        var records = Buffer()
        let item: [UInt8] = [1]
        #expect(try channels.number(of: key("a"), item: item.span, newIn: &records) == 1)
        let byteCount = records.count
        #expect(try channels.number(of: key("a"), item: item.span, newIn: &records) == 1)
        #expect(records.count == byteCount)
        #expect(try channels.number(of: key("a", isJSON: true), item: item.span, newIn: &records) == 2)
        #expect(try channels.number(of: key("a", type: "u"), item: item.span, newIn: &records) == 3)
        #expect(channels.schemaCount == 1)
        #expect(channels.count(3) == 0)
        #expect(channels.count(3) == 1)
        #expect(channels.messageCounts == [0, 0, 2])
    }

    @Test func moreChannelsThanCanBeNumberedAreRefused() throws {
        var channels = MCAPChannels()
        var records = Buffer()
        let item: [UInt8] = []
        for number in 1...MCAPChannels.countMax {
            records.removeAll()
            #expect(try channels.number(of: key("\(number)"), item: item.span, newIn: &records) == number)
        }
        #expect(throws: CommandFailure.self) {
            _ = try channels.number(of: key("another"), item: item.span, newIn: &records)
        }
    }

    @Test(arguments: [
        ("21.5", #"{"type":"number"}"#), ("null", "{}"), ("not JSON", "{}"), (#""x""#, #"{"type":"string"}"#),
        ("[]", "{}"), ("[true]", #"{"type":"array","items":{"type":"boolean"}}"#),
        (
            #"{"a":1,"b":null,"c":[],"d":{"e":["x"]},"a":"again"}"#,
            #"{"type":"object","properties":{"a":{"type":"number"},"d":{"type":"object","properties":"#
                + #"{"e":{"type":"array","items":{"type":"string"}}}}}}"#
        ),
    ])
    func aSchemaSaysWhatTheFirstItemTells(item: String, schema: String) {
        #expect(String(decoding: JSONSchema.text(for: Array(item.utf8).span), as: UTF8.self) == schema)
    }

    @Test func aSchemaIsBoundedHoweverDeepAnItemIs() {
        let item = String(repeating: "[", count: 100) + "1" + String(repeating: "]", count: 100)
        #expect(JSONSchema.text(for: Array(item.utf8).span) == Array("{}".utf8))
        let wide = "{" + (0..<1000).map { "\"\($0)\":1" }.joined(separator: ",") + "}"
        #expect(JSONSchema.text(for: Array(wide.utf8).span).count < 8000)
    }

    @Test func numbersAreLittleEndianAndStringsHaveALength() {
        var octets: [UInt8] = []
        octets.append(littleEndian: UInt16(0x0102))
        octets.append(mcapString: Array("hi".utf8))
        #expect(octets == [2, 1, 2, 0, 0, 0, 0x68, 0x69])
    }
}
