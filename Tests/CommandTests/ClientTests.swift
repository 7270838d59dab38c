// Shows how the commands that talk to a server name it, find their secret, read its answers, and prove that a
// frame is the one the server has.
import ArgumentParser
import Testing

@testable import syncstreamer

@Suite struct ClientTests {
    @Test(arguments: [
        ("https://localhost:8080", "https://localhost:8080"), ("HTTPS://h/", "HTTPS://h"),
        ("http://[::1]:1/base/path//", "http://[::1]:1/base/path"),
    ])
    func anAddressIsASchemeAHostAndAPath(text: String, base: String) {
        #expect(BaseURL(text)?.text == base)
    }

    @Test(arguments: [
        "", "localhost:8080", "ftp://h", "https://", "https:///x", "https://h?x", "https://h#x",
        "https://h /",
        "https://h/\r\nX: y",
    ])
    func anythingElseIsNoAddress(text: String) {
        #expect(BaseURL(text) == nil)
    }

    @Test func aChannelIsOneSegmentWhateverItIsCalled() throws {
        let base = try #require(BaseURL("https://h/base"))
        #expect(base.url(["channel", "a/b?c d%é.."]) == "https://h/base/channel/a%2Fb%3Fc%20d%25%C3%A9..")
        #expect(base.url(["frame"], query: "limit=1") == "https://h/base/frame?limit=1")
    }

    @Test func anItemsQuerySaysOnlyWhatWasGiven() {
        var item = PostedItem(channel: "c", contentType: "application/json", data: [])
        #expect(item.query == "")
        item.channelType = "image/jpeg"
        item.timestamp = 5
        item.age = TimeSpan(milliseconds: 7)
        #expect(item.query == "type=image%2Fjpeg&timestamp=5&age=7")
    }

    @Test func theServerIsTheFlagThenTheEnvironmentThenThisMachine() throws {
        let source = OptionSource { ["SYNCSTREAMER_URL": "https://e"][$0] }
        #expect(
            try ServerOptions.parse(["--url", "https://f"]).server(from: source).base.text == "https://f")
        #expect(try ServerOptions.parse([]).server(from: source).base.text == "https://e")
        let none = OptionSource { _ in nil }
        #expect(try ServerOptions.parse([]).server(from: none).base.text == "https://localhost:8080")
        #expect(throws: ValidationError.self) {
            _ = try ServerOptions.parse(["--url", "localhost"]).server(from: none)
        }
    }

    @Test func theSecretIsNeverAnArgument() throws {
        let source = OptionSource { ["SYNCSTREAMER_SECRET": "abc"][$0] }
        #expect(try SecretOptions.parse([]).secret(from: source) == "abc")
        #expect(throws: ValidationError.self) {
            _ = try SecretOptions.parse([]).secret(from: OptionSource { _ in nil })
        }
        #expect(throws: (any Error).self) { _ = try SecretOptions.parse(["--secret", "abc"]) }
    }

    @Test func aSecretIsALineOfVisibleCharacters() throws {
        #expect(try SecretOptions.secret(in: Array("abc\r\n".utf8), named: "f") == "abc")
        for bad in ["", "\n", "a b", "a\nb", "é"] {
            let error = #expect(throws: CommandFailure.self) {
                _ = try SecretOptions.secret(in: Array(bad.utf8), named: "f")
            }
            // Never what the file holds.
            #expect(
                error?.description
                    == "f holds no secret: one is a line of visible ASCII characters without spaces")
        }
    }

    @Test func anIndexIsReadWhole() {
        let text =
            #"[{"startAt": 1, "endAt": 3, "id": "1"}, {"id": "0", "startAt": 0, "endAt": 1, "more": []}]"#
        #expect(
            IndexEntry.entries(Array(text.utf8).span)
                == [IndexEntry(id: "1", startAt: 1, endAt: 3), IndexEntry(id: "0", startAt: 0, endAt: 1)])
        for bad in ["", "{}", "[{}]", #"[{"startAt": -1, "endAt": 3, "id": "1"}]"#, "[1]"] {
            #expect(IndexEntry.entries(Array(bad.utf8).span) == nil)
        }
    }

    /// As a server with --compat-go writes it.
    @Test func anIndexMayHaveTheGoServersMembers() {
        let text = #"[{"StartAt":1,"EndAt":3,"Id":"1"}]"#
        #expect(
            IndexEntry.entries(Array(text.utf8).span) == [IndexEntry(id: "1", startAt: 1, endAt: 3)])
    }

    @Test func aFrameIsNamedInThreeWays() {
        #expect(FrameSelector(argument: "latest") == .latest)
        #expect(FrameSelector(argument: "1732310400000") == .number(1_732_310_400_000))
        #expect(FrameSelector(argument: "2024-11-22T21:20:00Z") == .moment(milliseconds: 1_732_310_400_000))
        #expect(FrameSelector(argument: "../../etc/passwd") == nil)
    }

    @Test func aTimeIsOfTheServersClock() throws {
        let options = try RangeOptions.parse(["--since", "10s", "--to", "99"])
        #expect(try options.range { 15_000 } == FrameRange(from: 5000, to: 99))
        #expect(try options.range { 1 } == FrameRange(from: 0, to: 99))
        let other = try RangeOptions.parse(["--from", "1970-01-01T00:00:01Z"])
        #expect(try other.range { throw CancellationError() } == FrameRange(from: 1000, to: nil))
        #expect(try !RangeOptions.parse([]).isGiven)
    }

    @Test(arguments: [
        ["latest", "--since", "1s"], ["--since", "1s"], ["--since", "1s", "--from", "1", "--out", "d"],
        ["--from", "2", "--to", "2", "--out", "d"], ["latest", "--out", "d"], [],
        ["--since", "1s", "--out", "d", "--output", "f"],
    ])
    func getTakesOneFrameOrATime(arguments: [String]) {
        #expect(throws: (any Error).self) { _ = try GetCommand.parse(arguments) }
    }

    private let tag = String(repeating: "0a", count: 16)

    @Test func anEntityTagHoldsDigitsOfTheDigest() {
        #expect(FrameProof.tag(in: "\"\(tag)\"") == tag)
        #expect(FrameProof.tag(in: "W/\"\(tag)\"") == tag)
        for other in ["", "\"", "\"\"", "\"abc\"", tag, "\"\(tag)-gzip\"", "\"x\(tag)\""] {
            #expect(FrameProof.tag(in: other) == nil)
        }
    }

    @Test func aDigestGivesTheTagThatIsReadFromIt() {
        let digest = [UInt8](repeating: 10, count: 32)
        #expect(FrameProof.tag(of: digest) == "\"\(tag)\"")
    }

    @Test func aDigestFieldMayHoldSeveral() {
        #expect(FrameProof.encodedDigest(in: "sha-256=:abc=:") == "abc=")
        #expect(FrameProof.encodedDigest(in: "sha-512=:xyz:, sha-256=:abc=:") == "abc=")
        #expect(FrameProof.encodedDigest(in: "sha-256=abc") == nil)
        #expect(FrameProof.encodedDigest(in: "") == nil)
    }
}
