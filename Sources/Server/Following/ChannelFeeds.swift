/// The channels that connections of one loop follow.
struct ChannelFeeds {
    private var feeds: [[UInt8]: ChannelFeed] = [:]
    private var byteCount = 0
    private let loop: Int
    private let limits: FollowLimits
    /// Nil where nobody tells of items, as in tests of what lies beside.
    private let watch: ChannelWatch?

    init(loop: Int, watch: ChannelWatch?, limits: FollowLimits = FollowLimits()) {
        self.loop = loop
        self.watch = watch
        self.limits = limits
    }

    /// The feed of a channel, for somebody who is then to `add` itself.
    mutating func feed(of channelID: [UInt8]) -> ChannelFeed {
        if let feed = feeds[channelID] { return feed }
        let feed = ChannelFeed(channelID: channelID, byteCountMax: limits.channelByteCountMax)
        feeds[channelID] = feed
        watch?.add(channelID, loop: loop)
        return feed
    }

    /// Somebody has gone whose next block would have been `position`.
    mutating func leave(_ feed: ChannelFeed, _ token: UInt64, at position: UInt64) {
        settle(feed) { $0.remove(token, at: position) }
        if !feed.followers.isEmpty { return }
        feeds[feed.channelID] = nil
        watch?.remove(feed.channelID, loop: loop)
    }

    /// Gives a block to those who follow its channel.
    ///
    /// - Returns: the tokens of the connections that have something to send now.
    mutating func append(_ block: ItemEvents.Block) -> [UInt64] {
        // Nil where the last one has gone since.
        guard let feed = feeds[block.channelID] else { return [] }
        let mayKeepMore = byteCount + block.octets.count <= limits.byteCountMax
        settle(feed) { $0.append(block.octets, mayKeepMore: mayKeepMore) }
        return feed.followers
    }

    /// Somebody who was behind has taken the newest block.
    mutating func noteCaughtUp(_ feed: ChannelFeed) { settle(feed) { $0.noteCaughtUp() } }

    private mutating func settle(_ feed: ChannelFeed, _ change: (ChannelFeed) -> Void) {
        byteCount -= feed.byteCount
        change(feed)
        byteCount += feed.byteCount
    }
}
