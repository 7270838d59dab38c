// Shows how frames are told to people and to programs: the golden files of Tests/Vectors, and frames made to
// be awkward.
import Foundation
import Testing
import TimeFrame

@testable import syncstreamer

@Suite struct InspectTests {
    private static let vectors = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Vectors")

    private func vector(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: Self.vectors.appendingPathComponent(path)))
    }

    private func table(_ octets: [UInt8], _ order: MetadataOrder = .typeFirst) throws -> String {
        var text: [UInt8] = []
        let reader = try FrameReader(octets.span, order: order)
        FrameTable(style: .plain).append(reader, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    private func json(_ octets: [UInt8], _ order: MetadataOrder = .typeFirst) throws -> String {
        var text: [UInt8] = []
        let reader = try FrameReader(octets.span, order: order)
        FrameJSON.append(reader, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    private func frame(_ type: String, _ items: [[UInt8]]) throws -> [UInt8] {
        try FrameContent(
            startTimestamp: 0, endTimestamp: 1000,
            channels: [
                .init(id: "c", type: type, items: items.map { .init(timestamp: 7, data: $0) })
            ]
        ).encode()
    }

    @Test func aFrameIsHeaderChannelsAndItems() throws {
        #expect(
            try table(vector("valid/two-channels.frame")) == """
                frame     1
                start     1970-01-01T00:00:00.001Z
                end       1970-01-01T00:00:00.010Z (9ms)
                size      155 octets: header 30, metadata 57, data 68
                channels  2
                items     4

                channel   type    items  octets
                position  number      2       2
                color     number      2       2

                position
                  1970-01-01T00:00:00.001Z  d
                  1970-01-01T00:00:00.002Z  1 octet  c8  |.|

                color
                  1970-01-01T00:00:00.001Z  1 octet  01  |.|
                  1970-01-01T00:00:00.003Z  1 octet  02  |.|

                """)
    }

    @Test func aFrameWithoutChannelsIsItsHeader() throws {
        #expect(
            try table(vector("valid/empty.frame")).split(separator: "\n").map { $0.split(separator: " ")[0] }
                == ["frame", "start", "end", "size", "channels", "items"])
        #expect(try json(vector("valid/empty.frame")).hasSuffix("\"channels\":[]}\n"))
    }

    /// The content that the JSON tells is that of the description beside each golden file, in both orders.
    @Test(arguments: [
        "channel-without-items", "empty", "interleaved-media", "many-channels", "max-timestamp", "one-json",
        "two-channels", "unicode-names", "zero-length-item",
    ])
    func theJSONTellsTheWholeContent(name: String) throws {
        let golden = try vector("valid/\(name).frame")
        let wanted = try FrameContent(decoding: golden.span)
        for (folder, order) in [("valid", MetadataOrder.typeFirst), ("valid-id-first", .idFirst)] {
            let text = try json(vector("\(folder)/\(name).frame"), order)
            let told = try JSONDecoder().decode(Told.self, from: Data(text.utf8))
            #expect(told.startAt == wanted.startTimestamp)
            #expect(told.endAt == wanted.endTimestamp)
            #expect(told.channels.map(\.id) == wanted.channels.map { String(decoding: $0.id, as: UTF8.self) })
            #expect(
                told.channels.map(\.type) == wanted.channels.map { String(decoding: $0.type, as: UTF8.self) })
            for (channel, wanted) in zip(told.channels, wanted.channels) {
                #expect(channel.items.map(\.timestamp) == wanted.items.map(\.timestamp))
                for (item, wanted) in zip(channel.items, wanted.items) {
                    if let octets = item.base64 { #expect([UInt8](octets) == wanted.data) }
                    if let text = item.text { #expect(Array(text.utf8) == wanted.data) }
                    if item.base64 == nil && item.text == nil {
                        #expect(text.contains("\"json\":" + String(decoding: wanted.data, as: UTF8.self)))
                    }
                }
            }
        }
    }

    private struct Told: Decodable {
        struct Channel: Decodable {
            struct Item: Decodable {
                let timestamp: UInt64
                let text: String?
                let base64: Data?
            }
            let id: String
            let type: String
            let items: [Item]
        }
        let startAt: UInt64
        let endAt: UInt64
        let channels: [Channel]
    }

    @Test func shortJSONStandsOnOneLineAndLongIsIndented() throws {
        let short = try table(frame("application/json", [Array(#"{"a":1,"b":[true,null,{}],"c":[]}"#.utf8)]))
        #expect(short.hasSuffix("Z  {\"a\": 1, \"b\": [true, null, {}], \"c\": []}\n"))
        let name = String(repeating: "n", count: 60)
        let long = try table(frame("application/json", [Array(#"{"\#(name)":"x","\#(name)2":[1,2]}"#.utf8)]))
        #expect(
            long.hasSuffix(
                """
                Z  {
                      "\(name)": "x",
                      "\(name)2": [
                        1,
                        2
                      ]
                    }

                """))
    }

    private func csv(_ frames: [[UInt8]], members: [String] = []) throws -> [String] {
        var text: [UInt8] = []
        let table = FrameCSV(members: members)
        table.appendNames(to: &text)
        for octets in frames {
            let reader = try FrameReader(octets.span)
            table.append(reader, to: &text)
        }
        // "\r\n" is one Character.
        return String(decoding: text, as: UTF8.self).split(separator: "\r\n").map(String.init)
    }

    @Test func aRowOfCSVIsAnItemAndQuotesWhatSeparates() throws {
        let octets = try frame(
            "a \"note\", signed", [Array("1\n2".utf8), Array(#"{"a":1,"b":2}"#.utf8), [0xFF]])
        let row = #"c,"a ""note"", signed",7,1970-01-01T00:00:00.007Z"#
        #expect(
            try csv([octets, octets]) == ["channel,type,timestamp,time,size,form,data"]
                + Array(
                    repeating: [
                        row + ",3,text,\"1\n2\"", row + #",13,json,"{""a"":1,""b"":2}""#,
                        row + ",1,base64,/w==",
                    ], count: 2
                ).joined())
    }

    @Test func aTimePastTheYear9999HasNoDateInCSV() throws {
        let rows = try csv([vector("valid/max-timestamp.frame")])
        #expect(rows.dropFirst().allSatisfy { $0.contains(",9223372036854775807,,") })
    }

    @Test func membersOfJSONGetColumnsWhereTheyAreAskedFor() throws {
        let items = [
            #"{"a":-1.50,"b":{"c":"x,y","d":[1,{"e":null}]},"b.c":true}"#, #"{"a":null,"b":{}}"#, "17",
            "not JSON",
        ]
        let rows = try csv(
            [frame("t", items.map { Array($0.utf8) })], members: ["a", "b.c", "b.d", "b", "none"])
        #expect(rows[0].hasSuffix(",data,a,b.c,b.d,b,none"))
        let object = #""{""c"":""x,y"",""d"":[1,{""e"":null}]}""#
        #expect(rows[1].hasSuffix(#",-1.50,true,"[1,{""e"":null}]","# + object + ","))
        #expect(rows[2].hasSuffix(",,,,{},"))
        #expect(rows[3].hasSuffix(",json,17,,,,,"))
        #expect(rows[4].hasSuffix(",text,not JSON,,,,,"))
    }

    @Test func octetStreamsAreNeverTakenForAnythingElse() throws {
        let octets = try frame("application/octet-stream", [Array("17".utf8), []])
        #expect(try table(octets).contains("2 octets  31 37  |17|\n"))
        #expect(try table(octets).hasSuffix("0 octets\n"))
        #expect(try json(octets).contains("\"base64\":\"MTc=\""))
    }

    @Test func theOtherOrderIsPointedOut() throws {
        let channels = ["a", "b"].map { FrameContent.Channel(id: $0, type: "t", items: []) }
        let content = FrameContent(startTimestamp: 0, endTimestamp: 0, channels: channels)
        let idFirst = try content.encode(order: .idFirst)
        #expect(InspectCommand.advice(idFirst.span, isIDFirst: false) == "; it is one with --id-first")
        let typeFirst = try content.encode()
        #expect(InspectCommand.advice(typeFirst.span, isIDFirst: true) == "; it is one without --id-first")
        #expect(InspectCommand.advice([0, 1].span, isIDFirst: false) == "")
    }

    @Test func longBinaryDataIsCutWithItsSizeTold() throws {
        let text = try table(frame("video", [[UInt8](0..<200)]))
        #expect(
            text.hasSuffix(
                "200 octets  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f …  |................|\n"))
    }

    @Test func linesOfATextAreIndented() throws {
        #expect(try table(frame("note", [Array("one\r\ntwo\n".utf8)])).hasSuffix("Z  one\n    two\n"))
    }

    /// ESC, BEL, DEL and the one-character CSI, in a name, a text and a JSON string.
    @Test func nothingSteersTheTerminal() throws {
        let awkward = "\u{1B}[31m\u{7}\u{7F}\u{9B}2J"
        let octets = try FrameContent(
            startTimestamp: 0, endTimestamp: 0,
            channels: [
                .init(
                    id: awkward, type: awkward,
                    items: [
                        .init(timestamp: 0, data: Array("text\u{9B}2J".utf8)),
                        .init(timestamp: 0, data: Array("\"json\u{7F}\u{9B}2J\"".utf8)),
                    ])
            ]
        ).encode()
        let text = try table(octets)
        #expect(text.contains("\\u001b[31m\\u0007\\u007f\\u009b2J"))
        #expect(text.contains("text\\u009b2J"))
        #expect(text.contains("\"json\\u007f\\u009b2J\""))
        #expect(
            text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && !(0x7F...0x9F ~= $0.value) })
    }

    @Test func aStyleColoursOnlyWhereItIsAskedTo() {
        #expect(Style.plain.heading("x") == "x")
        #expect(Style(isColoured: true).heading("x") == "\u{1B}[1mx\u{1B}[0m")
    }
}
