// Which channels a pattern means: tables of patterns and ids, and that a pattern's text gives the pattern
// back.

import Bytes
import Testing

@testable import Server

@Suite struct ChannelPatternTests {
    @Test(arguments: [
        ("*", "a"), ("*", ""), ("room1", "room1"), ("room1-*", "room1-"), ("room1-*", "room1-door"),
        ("*-door", "room1-door"), ("a*b*c", "abc"), ("a*b*c", "a-b-b-c"), ("*b*b*", "abab"), ("**", "x"),
        ("a%20b", "a b"), ("%2A", "*"), ("a%2a*", "a*x"), ("t%C3%BCr", "tür"), ("tür", "tür"),
        ("a*a", "aa"),
    ])
    func meansTheChannel(pattern: String, channel: String) throws {
        let read = try #require(made(pattern))
        #expect(matches(read, channel))
    }

    @Test(arguments: [
        ("room1", "room10"), ("room1", "oom1"), ("room1", ""), ("room1-*", "room1"),
        ("room1-*", "Room1-door"),
        ("a*a", "a"), ("ab*ba", "aba"), ("a*b*c", "acb"), ("*b*b*", "ab"), ("%2A", "x"), ("a*b", "abx"),
    ])
    func leavesTheChannelOut(pattern: String, channel: String) throws {
        let read = try #require(made(pattern))
        #expect(!matches(read, channel))
    }

    @Test(arguments: ["", "%", "%2", "a%2", "%zz", "%4"])
    func brokenPatternsAreNone(pattern: String) {
        #expect(made(pattern) == nil)
    }

    @Test(arguments: ["*", "room1-*", "a%20b", "%2a*", "%23x", "a%2cb", "t%c3%bcr"])
    func textGivesThePatternBack(pattern: String) throws {
        let read = try #require(made(pattern))
        #expect(read.text == pattern)
    }

    /// Many stars against a long id that nearly matches: the work must stay a product, not a power.
    @Test func manyStarsEnd() throws {
        let read = try #require(made(String(repeating: "a*", count: 120) + "b"))
        #expect(!matches(read, String(repeating: "a", count: 255)))
    }

    private func made(_ text: String) -> ChannelPattern? {
        ChannelPattern(Array(text.utf8).span)
    }

    private func matches(_ pattern: ChannelPattern, _ channel: String) -> Bool {
        pattern.matches(Array(channel.utf8).span)
    }
}
