import ArgumentParser
import FrameLog
import Server

/// Options of `serve`: how long a frame is, what is promised, and which frames are kept.
struct FrameOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("How much time a frame covers, 100ms to 1h. (default: 10s)", valueName: "duration")
    )
    var frameDuration: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "How long a frame waits for items that come late, at most 10 frames' time. (default: 0s)",
            valueName: "duration"))
    var lateness: TimeSpan?

    @Flag(inversion: .prefixedNo, help: "Whether a time without items gives no frame. (default: no)")
    var skipEmptyFrames: Bool?

    @Option(help: ArgumentHelp("Keep at most so many frames. (default: 360)", valueName: "count"))
    var retainFrames: Int?

    @Option(help: ArgumentHelp("Keep at most so many octets of frames, such as 2GiB.", valueName: "size"))
    var retainBytes: ByteSize?

    @Option(help: ArgumentHelp("Keep frames at most so long, such as 24h.", valueName: "duration"))
    var retainAge: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "Where an item has to be before its POST is answered. (default: disk)", valueName: "where"))
    var durability: DurabilityChoice?

    func apply(_ source: OptionSource, to configuration: inout ServerConfiguration) throws {
        if let duration = try source.value(frameDuration, "frame-duration") {
            try OptionSource.check(
                duration.milliseconds, within: 100...3_600_000, "frame-duration", "100ms to 1h")
            configuration.log.frameDurationMilliseconds = duration.milliseconds
        }
        if let lateness = try source.value(lateness, "lateness") {
            try OptionSource.check(
                lateness.milliseconds, within: 0...10 * configuration.log.frameDurationMilliseconds,
                "lateness",
                "at most 10 frames' time")
            configuration.log.latenessMilliseconds = lateness.milliseconds
        }
        if let skips = try source.isOn(skipEmptyFrames, "skip-empty-frames") {
            configuration.log.skipsEmptyFrames = skips
        }
        if let count = try source.value(retainFrames, "retain-frames") {
            try OptionSource.check(count, within: 1...Int.max, "retain-frames", "1 or more")
            configuration.retention.framesMax = count
        }
        if let size = try source.value(retainBytes, "retain-bytes") {
            try OptionSource.check(size.byteCount, within: 1...UInt64.max, "retain-bytes", "1 or more")
            configuration.retention.byteCountMax = size.byteCount
        }
        if let age = try source.value(retainAge, "retain-age") {
            try OptionSource.check(age.milliseconds, within: 1...UInt64.max, "retain-age", "1ms or more")
            configuration.retention.ageMillisecondsMax = age.milliseconds
        }
        switch try source.value(durability, "durability") {
        case .disk: configuration.log.durability = .disk
        case .memory: configuration.log.durability = .memory
        case nil: break
        }
    }
}
