// What is kept for those who follow a channel, for how long, and who hears of what.

import Testing

@testable import Server

@Suite struct ChannelFeedTests {
    private let limits = FollowLimits()

    private func block(_ text: String, _ channel: String = "a") -> ItemEvents.Block {
        ItemEvents.Block(channelID: Array(channel.utf8), octets: Array(text.utf8))
    }

    private func follow(_ feeds: inout ChannelFeeds, _ token: UInt64, _ channel: String = "a") -> Follower {
        let feed = feeds.feed(of: Array(channel.utf8))
        return Follower(.items(feed), position: feed.add(token), now: 0, limits: limits)
    }

    /// What a follower is given next: all of it, piece by piece, and whether it was the last.
    private func take(_ follower: Follower, _ feeds: inout ChannelFeeds) -> (text: String, isLast: Bool) {
        var text = ""
        while true {
            var response = Response()
            let progress = follower.take(Site().context, &feeds, now: 0, into: &response)
            if case .nothing = progress { return (text, false) }
            text += Answer(response).text
            if case .lastEvents = progress { return (text, true) }
        }
    }

    @Test func everyoneGetsWhatComesAfterThem() {
        var feeds = ChannelFeeds(loop: 0, watch: nil)
        let first = follow(&feeds, 1)
        #expect(feeds.append(block("one")) == [1])
        let second = follow(&feeds, 2)
        #expect(feeds.append(block("two")) == [1, 2])
        #expect(feeds.append(block("elsewhere", "b")) == [])
        #expect(take(first, &feeds) == ("onetwo", false))
        #expect(take(second, &feeds) == ("two", false))
        #expect(take(first, &feeds) == ("", false))
    }

    @Test func nothingIsKeptThatAllHave() {
        var feeds = ChannelFeeds(loop: 0, watch: nil)
        let feed = feeds.feed(of: Array("a".utf8))
        let (fast, slow) = (follow(&feeds, 1), follow(&feeds, 2))
        _ = feeds.append(block("one"))
        _ = take(fast, &feeds)
        #expect(feed.byteCount == 3)
        _ = take(slow, &feeds)
        #expect(feed.byteCount == 0)
        _ = feeds.append(block("two"))
        _ = take(fast, &feeds)
        // Who goes was the last one that was missing.
        feeds.leave(feed, 2, at: slow.position)
        #expect(feed.byteCount == 0)
        #expect(feed.followers == [1])
    }

    @Test func theSlowAreCutOff() {
        var feeds = ChannelFeeds(loop: 0, watch: nil)
        let feed = feeds.feed(of: Array("a".utf8))
        let (fast, slow) = (follow(&feeds, 1), follow(&feeds, 2))
        let half = String(repeating: "x", count: limits.channelByteCountMax / 2)
        for _ in 0..<2 {
            _ = feeds.append(block(half))
            #expect(take(fast, &feeds) == (half, false))
        }
        #expect(feed.byteCount == limits.channelByteCountMax)
        _ = feeds.append(block("y"))
        #expect(feed.byteCount <= limits.channelByteCountMax)
        #expect(take(fast, &feeds) == ("y", false))
        let (text, isLast) = take(slow, &feeds)
        #expect(isLast && text.hasPrefix("event: lagged\ndata: {"))
    }

    /// One that is larger than everything is still sent to those who keep up.
    @Test func aLargeOneIsKept() {
        var feeds = ChannelFeeds(loop: 0, watch: nil)
        let follower = follow(&feeds, 1)
        let large = String(repeating: "x", count: limits.channelByteCountMax * 2)
        _ = feeds.append(block("small"))
        #expect(take(follower, &feeds) == ("small", false))
        _ = feeds.append(block(large))
        #expect(take(follower, &feeds) == (large, false))
    }

    @Test func manyDroppedBlocksLeaveTheOthersInPlace() {
        var feeds = ChannelFeeds(loop: 0, watch: nil)
        let feed = feeds.feed(of: Array("a".utf8))
        _ = follow(&feeds, 1)
        let size = limits.channelByteCountMax / 8
        for number in 0..<100 {
            _ = feeds.append(block(String(repeating: "\(number % 10)", count: size)))
        }
        #expect(feed.end == 100 && feed.first == 92)
        for number in feed.first..<feed.end {
            #expect(feed.block(number)[0] == UInt8(ascii: "0") + UInt8(number % 10))
        }
    }

    /// The channels together have a limit too.
    @Test func manyChannelsKeepTheirNewestOnly() {
        var limits = limits
        limits.byteCountMax = 64 << 20
        var feeds = ChannelFeeds(loop: 0, watch: nil, limits: limits)
        let half = String(repeating: "x", count: limits.channelByteCountMax / 2)
        let channels = (0..<200).map { "channel \($0)" }
        for channel in channels { _ = follow(&feeds, 1, channel) }
        for _ in 0..<2 {
            for channel in channels { _ = feeds.append(block(half, channel)) }
        }
        let kept = channels.reduce(0) { $0 + feeds.feed(of: Array($1.utf8)).byteCount }
        #expect(kept <= channels.count * half.utf8.count)
    }

    @Test func theWriterHearsWhoFollows() {
        let watch = ChannelWatch()
        var (one, other) = (ChannelFeeds(loop: 0, watch: watch), ChannelFeeds(loop: 3, watch: watch))
        let id = Array("a".utf8)
        #expect(watch.isEmpty)
        let first = follow(&one, 1)
        let second = follow(&one, 2)
        let third = follow(&other, 1)
        #expect(!watch.isEmpty && watch.loops(of: id) == [0, 3])
        one.leave(one.feed(of: id), 1, at: first.position)
        #expect(watch.loops(of: id) == [0, 3])
        one.leave(one.feed(of: id), 2, at: second.position)
        #expect(watch.loops(of: id) == [3])
        other.leave(other.feed(of: id), 1, at: third.position)
        #expect(watch.isEmpty && watch.loops(of: id) == [])
    }
}
