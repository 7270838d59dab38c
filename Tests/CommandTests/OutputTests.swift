// Shows how values are laid out for people: tables, sizes, moments, a progress bar, JSON.
import Testing

@testable import syncstreamer

@Suite struct OutputTests {
    @Test func aTableHasColumnsAsWideAsTheirWidestCell() {
        var table = TextTable([("name", .left), ("count", .right), ("note", .left)])
        table.add(["a", "1234567", ""])
        table.add(["longer", "8", "x"])
        #expect(
            table.lines() == [
                "name      count  note",
                "a       1234567",
                "longer        8  x",
            ])
    }

    @Test(arguments: [
        (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (10_239, "9.9 KiB"),
        (10_240, "10 KiB"),
        (1 << 20, "1.0 MiB"), (5 << 30, "5.0 GiB"), (UInt64(1) << 60, "1024 PiB"),
    ])
    func aSizeHasTwoDigitsOrMore(byteCount: UInt64, text: String) {
        #expect(Quantities.size(byteCount) == text)
    }

    @Test func aMomentPastTheYear9999IsANumber() {
        #expect(Quantities.moment(253_402_300_799_999) == "9999-12-31T23:59:59.999Z")
        #expect(Quantities.moment(253_402_300_800_000) == "253402300800000 ms")
        #expect(Quantities.moment(UInt64.max) == "18446744073709551615 ms")
    }

    @Test func oneIsSingular() {
        #expect(Quantities.count(1, "octet") == "1 octet")
        #expect(Quantities.count(0, "octet") == "0 octets")
    }

    @Test func aProgressBarFillsUp() {
        let empty = String(repeating: " ", count: 30)
        #expect(ProgressBar.line(0, of: 2048) == "[\(empty)]   0%  0 B of 2.0 KiB")
        #expect(ProgressBar.line(1024, of: 2048).hasPrefix("[###############               ]  50%  1.0 KiB"))
        #expect(ProgressBar.line(2048, of: 2048).contains("] 100%"))
        // More than was announced, and nothing announced.
        #expect(ProgressBar.line(4096, of: 2048).contains("] 100%"))
        #expect(ProgressBar.line(1024, of: nil) == "1.0 KiB")
    }

    @Test func jsonIsReadWithItsEscapesAndDigits() {
        let text =
            #" { "a" : [ 1.50 , -2e3 , true , false , null , {} , [ ] ] , "#
            + #""é\n\u00e9\ud83d\ude00\"" : "\/x" } "#
        #expect(
            JSONValue(Array(text.utf8).span)
                == .object([
                    .init(
                        name: "a",
                        value: .array([
                            .number("1.50"), .number("-2e3"), .bool(true), .bool(false), .null, .object([]),
                            .array([]),
                        ])),
                    .init(name: "é\né😀\"", value: .string("/x")),
                ]))
        for bad in ["", "{", "[1,]", "nul", "\"\\x\"", "1 2"] {
            #expect(JSONValue(Array(bad.utf8).span) == nil)
        }
    }
}
