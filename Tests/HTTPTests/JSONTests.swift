// Shows what counts as JSON (RFC 8259), by category: accepted, rejected, and what readers differ in, where
// this one's choice is stated. Every prefix of an accepted text is tried as well, which must never trap.
// Changed texts are held against a second, simple reading of the grammar.
import HTTP
import SeededGenerator
import Testing

@Suite struct JSONValidatorTests {
    @Test(arguments: [
        "0", "-0", "1", "-1", "10", "0.5", "1.25e3", "1E+2", "1e-2", "123456789012345678901234567890", "true",
        "false",
        "null", "\"\"", "\"a\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u00e9\"", "\"\\uD834\\uDD1E\"",
        "\"é室𝄞\"", "\"\u{7F}\"",
        "[]", "{}", "[1]", "[1,2]", "[[],{}]", "{\"a\":1}", "{\"a\":{\"b\":[1,{\"c\":null}]}}",
        " \t\r\n[ 1 , 2 ] \n",
        "{ \"a\" : 1 , \"b\" : 2 }", "[[[[[]]]],[]]", "{\"a\":[],\"b\":{}}",
        "0e0", "-0.0E-00", "1e999999", "-1e-999999", "0.000000000000000000001", "[-0]", "\"\\u0000\"",
        "\"\\\\\"",
        "\"\\\"\"", "\"\\/\"", "\"/\"", "\"\\uFFFF\"", "\"\\ud834\\uDd1e\"", "{\"\":0}",
        "\"\u{80}\u{7FF}\u{800}\u{FFFD}\u{FFFF}\u{10000}\u{10FFFF}\"", "\"\u{2028}\u{2029}\"", "\"\u{FEFF}\"",
        "\n0\n", "[null]", "[true,false]", "{\"a\":\"b\",\"c\":[{}]}", "\"0123456\"", "\"01234567\"",
        "\"012345678\"",
    ])
    func accepted(text: String) {
        #expect(JSONValidator.fault(in: Array(text.utf8).span) == nil)
    }

    @Test(arguments: [
        "", " ", "nul", "True", "+1", "01", "-", "-a", ".5", "1.", "1.e1", "1e", "1e+", "0x1", "NaN",
        "Infinity", "1 2",
        "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "\"\u{1}\"", "'a'", "a", "[", "]",
        "[1", "[1,",
        "[1,]", "[,1]", "[1 2]", "[1}", "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}",
        "{1:2}",
        "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\":1]", "[]]", "{}{}", "// x\n1", "1//x", "\u{FEFF}1", "[1]\0",
        "00", "-01", "0123", "1.5.5", "1e5e5", "1e1.5", "--1", "- 1", "1-", "1_000", "1,000", "1e 5", "0.",
        "-.5", "0X1",
        "1a", "\u{FF11}", "-Infinity", "truefalse", "nulll", "tru", "TRUE", "\0", "\u{A0}1", "\u{B}1",
        "\u{C}1",
        "1\u{2028}", "\"\\", "\"\\u", "\"\\u123", "\"\\u123\"", "\"\\U0041\"", "\"\\a\"", "\"\\'\"",
        "\"\\0\"",
        "\"\\x41\"", "\"\\\n\"", "\"\t\"", "\"\r\"", "\"\0\"", "\"\u{1F}\"", "\"a\" \"b\"", "\"a\"b",
        "[\"a\"", "[1,,2]",
        "[1;2]", "[1]]", "[[1]", "[1]x", "[\"a", "(1)", "<1>", "{\"a\":1,,\"b\":2}", "{,\"a\":1}", "{\"a\"}",
        "{\"a\":}",
        "{:1}", "{\"a\"::1}", "{\"a\",1}", "{\"a\":1}}", "[{]}", "{[1]}", "{null:1}", "{\"a\":1 , }",
        "{'a':1}",
        "{\"a\":a}", "/**/1", "1/**/", "#1", ",", ":",
    ])
    func rejected(text: String) {
        #expect(JSONValidator.fault(in: Array(text.utf8).span) != nil)
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFF], [0xE2, 0x82],
            [0xE2, 0x28, 0xA1],
        ] as [[UInt8]])
    func stringsMustBeUTF8(octets: [UInt8]) {
        let text = [0x22] + octets + [0x22] as [UInt8]
        #expect(JSONValidator.fault(in: text.span)?.reason.description == "The text is not UTF-8.")
    }

    /// A string is read eight octets at a time: what ends it, or must not stand in it, is seen at every
    /// place.
    @Test func everyOctetAtEveryPlaceOfAString() {
        for count in 1...18 {
            for place in 1...count {
                for octet in UInt8.min...UInt8.max {
                    var text = [UInt8](repeating: 0x61, count: count + 2)
                    text[0] = 0x22
                    text[count + 1] = 0x22
                    text[place] = octet
                    let isPlain = octet >= 0x20 && octet < 0x80 && octet != 0x22 && octet != 0x5C
                    #expect((JSONValidator.fault(in: text.span) == nil) == isPlain, "\(text)")
                }
            }
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func changedTextsAreJudgedAsTheGrammarDoes(seed: UInt64) {
        let texts = [
            "{\"a\\u00e9é\":[1.5e-3,true,null,{\"b\":\"𝄞\\n\"}],\"c\":-0}", "[ 0 , -1.25E+7 , \"\\\"\\\\\" ]",
            "{\"core\":0,\"user\":0.125,\"name\":\"a longer string of text\",\"list\":[[],{},\"\"]}",
        ].map { Array($0.utf8) }
        let alphabet = Array("{}[]\",:\\/bfnrtu0123456789aAeE+-. \t\n\0é𝄞".utf8) + [0x7F, 0xC0, 0xED, 0xFF]
        var numbers = SeededGenerator(seed: seed)
        var acceptedCount = 0
        for _ in 0..<5_000 {
            let text = numbers.changed(texts.randomElement(using: &numbers)!, alphabet: alphabet)
            let isAccepted = JSONValidator.fault(in: text.span) == nil
            #expect(isAccepted == ReferenceJSON.accepts(text), "seed \(seed): \(text)")
            acceptedCount += isAccepted ? 1 : 0
        }
        // Both verdicts must have been tried often.
        #expect((250...4_750).contains(acceptedCount), "seed \(seed): \(acceptedCount) accepted")
    }

    /// RFC 8259 section 8.2 leaves lone surrogates to the reader: an item is stored as it was posted, so they
    /// pass.
    @Test(arguments: ["\"\\uD800\"", "\"\\uDC00\\uD800\"", "{\"a\":1,\"a\":2}"])
    func leftToTheReader(text: String) {
        #expect(JSONValidator.fault(in: Array(text.utf8).span) == nil)
    }

    @Test func nestingIsLimited() {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(JSONValidator.fault(in: nested(128).span) == nil)
        let fault = JSONValidator.fault(in: nested(129).span)
        #expect(fault?.offset == 128)
        #expect(fault?.reason.description == "Values are nested deeper than 128.")
        let mixed = String(repeating: "{\"a\":[", count: 64) + String(repeating: "]}", count: 64)
        #expect(JSONValidator.fault(in: Array(mixed.utf8).span) == nil)
    }

    @Test func offsetsPointAtTheFault() {
        #expect(JSONValidator.fault(in: Array("[1,x]".utf8).span)?.offset == 3)
        #expect(JSONValidator.fault(in: Array("{\"a\":1} 2".utf8).span)?.offset == 8)
        #expect(JSONValidator.fault(in: Array("\"0123456789\u{1}\"".utf8).span)?.offset == 11)
        #expect(JSONValidator.fault(in: Array("[1.x]".utf8).span)?.offset == 3)
        #expect(JSONValidator.fault(in: Array("".utf8).span)?.offset == 0)
    }

    @Test func noPrefixTraps() {
        let text = Array("{\"a\\u00e9é\":[1.5e-3,true,null,{\"b\":\"𝄞\\n\"}],\"c\":-0}".utf8)
        for count in 0..<text.count {
            #expect(
                JSONValidator.fault(in: text.span.extracting(0..<count)) != nil, "the first \(count) octets")
        }
        #expect(JSONValidator.fault(in: text.span) == nil)
    }
}

@Suite struct JSONWriterTests {
    @Test func nothingInAStringEndsIt() {
        var text: [UInt8] = []
        JSONWriter.append("a\"b\\c\n\r\t\u{1}\u{7F}é", to: &text)
        #expect(String(decoding: text, as: UTF8.self) == "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u007fé\"")
        #expect(JSONValidator.fault(in: text.span) == nil)
    }

    @Test func whatIsNoUTF8IsReplaced() {
        var text: [UInt8] = []
        JSONWriter.append(utf8: ([0x61, 0xFF, 0x22] as [UInt8]).span, to: &text)
        #expect(String(decoding: text, as: UTF8.self) == "\"a\u{FFFD}\\\"\"")
    }
}
