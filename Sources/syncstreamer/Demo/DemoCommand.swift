import ArgumentParser
import Posix

/// `syncstreamer demo`: posts this machine's own load.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Post this machine's own load as channels: CPU, memory, network, disks, pressure.",
        discussion: """
            The readings come from /proc. A server that goes away is tried again until it is back; the \
            readings of the time between are lost, and counted. Ctrl-C ends the demo.

            Example:

              syncstreamer demo --cacert cert.pem --secret-from data/secret --for 1m
            """)

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long. (default: until Ctrl-C)", valueName: "duration"))
    var duration: TimeSpan?

    @Option(help: ArgumentHelp("Readings a second, 1 to 100.", valueName: "count"))
    var rate = 10

    @OptionGroup(title: "Server") var serverOptions: ServerOptions
    @OptionGroup(title: "Secret") var secretOptions: SecretOptions

    func validate() throws {
        try OptionSource.check(rate, within: 1...100, "rate", "1 to 100")
    }

    func run() throws {
        // First of all, so that no thread takes a signal by itself.
        let interruption = try Interruption()
        let secret = try secretOptions.secret(isRequired: serverOptions.clientCert == nil)
        let server = try serverOptions.server()
        var sampler = try LoadSampler()
        let start = Clock.monotonicMilliseconds()
        _ = sampler.readings(nowMilliseconds: start)
        Lines.say(
            "posting this machine's load to \(server.base.text), \(rate) times a second; Ctrl-C ends it")
        var schedule = TickSchedule(startMilliseconds: start, ticksPerSecond: rate)
        let end = duration.map { start &+ $0.milliseconds } ?? UInt64.max
        var posting = DemoPosting(to: server, secret: secret)
        while schedule.dueMilliseconds <= end {
            let now = Clock.monotonicMilliseconds()
            let due = schedule.dueMilliseconds
            if due > now {
                if interruption.wait(milliseconds: due - now) { break }
                continue
            }
            if interruption.isRequested { break }
            let missed = schedule.take(nowMilliseconds: now)
            let readings = sampler.readings(nowMilliseconds: now)
            posting.missed(missed, of: readings.count)
            try posting.post(readings, nowMilliseconds: now, unless: { interruption.isRequested })
        }
        try Lines.print(posting.summary)
        if posting.acceptedCount == 0, let failure = posting.lastFailure { throw CommandFailure(failure) }
    }
}
