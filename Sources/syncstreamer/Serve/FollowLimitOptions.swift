import ArgumentParser
import Server

/// Options of `serve`: what those may take who wait for what is still to come.
struct FollowLimitOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The longest wait for the next frame, whatever a client asks for; at most 60s. Set it below the "
                + "time limit of a proxy in front. (default: 60s)", valueName: "duration"))
    var maxWait: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "How long an event stream is silent before a comment shows that it is alive; at most 30s. "
                + "(default: 15s)", valueName: "duration"))
    var eventHeartbeat: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "How far behind a channel's event stream may be, on each event loop; a reader who is slower is "
                + "cut off. (default: 1MiB)", valueName: "size"))
    var maxEventBacklog: ByteSize?

    @Option(
        help: ArgumentHelp(
            "For the events of all channels that wait for slow readers; each event loop has an equal part. "
                + "(default: 256MiB)", valueName: "size"))
    var maxEventMemory: ByteSize?

    func apply(_ source: OptionSource, to limits: inout FollowLimits) throws {
        if let wait = try source.value(maxWait, "max-wait")?.milliseconds {
            try OptionSource.check(wait, within: 1000...60_000, "max-wait", "1s to 60s")
            limits.waitMillisecondsMax = wait
        }
        if let silence = try source.value(eventHeartbeat, "event-heartbeat")?.milliseconds {
            try OptionSource.check(silence, within: 1000...30_000, "event-heartbeat", "1s to 30s")
            limits.silenceMilliseconds = silence
        }
        if let size = try source.value(maxEventBacklog, "max-event-backlog")?.byteCount {
            try OptionSource.check(size, within: 1 << 10...1 << 30, "max-event-backlog", "1KiB to 1GiB")
            limits.channelByteCountMax = Int(size)
        }
        if let size = try source.value(maxEventMemory, "max-event-memory")?.byteCount {
            try OptionSource.check(size, within: 1 << 20...1 << 40, "max-event-memory", "1MiB to 1TiB")
            limits.byteCountMax = Int(size)
        }
    }
}
