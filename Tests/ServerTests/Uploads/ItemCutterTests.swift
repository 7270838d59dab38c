// Shows where bodies are cut into items: every split of every body gives the same items, and what is too long
// or torn is told without harm to what follows.

import Bytes
import Testing

@testable import Server

@Suite struct ItemCutterTests {
    /// What a cutter makes of a body that arrives in pieces: an item's data with its timestamp, `large`, or
    /// `torn`.
    private func cut(_ cutter: ItemCutter, _ body: [UInt8], pieces: [Int]) -> [String] {
        var cutter = cutter
        var content: [UInt8] = []
        var result: [String] = []
        func work(isEnd: Bool) -> Bool {
            while true {
                switch cutter.next(content.span, isEnd: isEnd) {
                case .item(let range, let timestamp, let consumed):
                    let mark = timestamp.map { "@\($0)" } ?? ""
                    result.append(String(decoding: content[range], as: UTF8.self) + mark)
                    content.removeFirst(consumed)
                case .tooLarge(let consumed):
                    result.append("large")
                    content.removeFirst(consumed)
                case .needsMore(let consumed):
                    content.removeFirst(consumed)
                    return true
                case .torn:
                    result.append("torn")
                    return false
                }
            }
        }
        var start = 0
        for end in pieces + [body.count] {
            content += body[start..<end]
            start = end
            if !work(isEnd: false) { return result }
        }
        _ = work(isEnd: true)
        return result
    }

    /// At once, octet by octet, and cut in two at every place.
    private func check(_ cutter: ItemCutter, _ body: [UInt8], _ wanted: [String]) {
        #expect(cut(cutter, body, pieces: []) == wanted)
        #expect(cut(cutter, body, pieces: Array(body.indices)) == wanted)
        for place in body.indices { #expect(cut(cutter, body, pieces: [place]) == wanted) }
    }

    @Test(arguments: [
        ("", []), ("\n", []), ("\n\r\n \t\n", []), ("1", ["1"]), ("1\n", ["1"]), ("1\r\n2", ["1", "2"]),
        ("1\n\n2\n \n3\n", ["1", "2", "3"]), (" {\"a\": 1} \r\n", ["{\"a\": 1}"]), ("\"\\n\"\n", ["\"\\n\""]),
        ("12345678\n1", ["12345678", "1"]), ("123456789\n1\n", ["large", "1"]), ("123456789", ["large"]),
        ("123456789\r\n123456789\n\n", ["large", "large"]), ("1 2\n", ["1 2"]),
    ])
    func lines(body: String, items: [String]) {
        check(.lines(LineCutter(byteCountMax: 8)), Array(body.utf8), items)
    }

    /// More blanks than may stand around an item, before it, behind it, or without one; then one line more.
    @Test func aLineOfTooManyBlanksIsTooLargeHoweverItComes() {
        let blanks = [UInt8](repeating: 0x20, count: 1030)
        let item = Array("111".utf8)
        for line in [blanks + item, item + blanks, blanks + blanks] {
            check(.lines(LineCutter(byteCountMax: 8)), line + Array("\n2".utf8), ["large", "2"])
        }
        let most = Array(blanks.dropLast()) + item
        check(.lines(LineCutter(byteCountMax: 8)), most + Array("\n".utf8), ["111"])
    }

    /// A line that begins with blanks, and comes octet by octet, is not read from its beginning each time.
    @Test func blanksThatComeSlowlyCostNoMore() {
        let byteCount = 1 << 17
        var cutter = LineCutter(byteCountMax: byteCount)
        let blanks = [UInt8](repeating: 0x20, count: byteCount)
        var isHeld = true
        // Read from the beginning each time, these would be 8,600 million steps.
        for count in 1...byteCount {
            let step = cutter.next(blanks.span.extracting(0..<count), isEnd: false)
            isHeld = isHeld && step == .needsMore(consumed: 0)
        }
        #expect(isHeld)
    }

    /// A line without an end is not kept beyond what an item may have.
    @Test func aLineWithoutEndIsPassedOver() {
        var cutter = LineCutter(byteCountMax: 8)
        let piece = [UInt8](repeating: 0x31, count: 100)
        var step = cutter.next(piece.span, isEnd: false)
        #expect(step == .tooLarge(consumed: 100))
        for _ in 0..<1000 {
            step = cutter.next(piece.span, isEnd: false)
            #expect(step == .needsMore(consumed: 100))
        }
        let end = Array("1\n2\n".utf8)
        step = cutter.next(end.span, isEnd: false)
        #expect(step == .item(2..<3, timestamp: nil, consumed: 4))
    }

    @Test func blanksWithoutEndArePassedOver() {
        var cutter = LineCutter(byteCountMax: 8)
        let blanks = [UInt8](repeating: 0x20, count: 2000)
        let step = cutter.next(blanks.span, isEnd: false)
        #expect(step == .tooLarge(consumed: 2000))
    }

    private func record(_ timestamp: UInt64, _ size: UInt64, _ data: String) -> [UInt8] {
        var octets: [UInt8] = []
        octets.append(bigEndian: timestamp)
        octets.append(bigEndian: size)
        return octets + Array(data.utf8)
    }

    @Test func records() {
        let cutter = ItemCutter.records(RecordCutter(byteCountMax: 8))
        check(cutter, [], [])
        check(cutter, record(5, 3, "abc"), ["abc@5"])
        check(cutter, record(0, 0, "") + record(.max, 8, "12345678"), ["", "12345678@\(UInt64.max)"])
        check(cutter, record(5, 9, "123456789") + record(6, 1, "x"), ["large", "x@6"])
        check(cutter, record(5, 3, "abc") + record(6, 3, "ab"), ["abc@5", "torn"])
        check(cutter, record(5, 3, "abc") + [1], ["abc@5", "torn"])
        check(cutter, record(5, .max, "abc"), ["large", "torn"])
    }

    @Test(
        arguments: [
            ([], true, .item(0..<0, timestamp: nil, consumed: 0)),
            ([1, 2, 3], false, .needsMore(consumed: 0)),
            ([1, 2, 3], true, .item(0..<3, timestamp: nil, consumed: 3)),
            ([1, 2, 3, 4], false, .tooLarge(consumed: 4)),
        ] as [([UInt8], Bool, ItemStep)])
    func whole(body: [UInt8], isEnd: Bool, step: ItemStep) {
        var cutter = ItemCutter.whole(byteCountMax: 3)
        let found = cutter.next(body.span, isEnd: isEnd)
        #expect(found == step)
    }
}
