import ArgumentParser
import Posix
import Server

/// `syncstreamer serve`: runs the server until a signal ends it.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the server.",
        discussion: """
            When it serves, it prints one line, "listening on https://HOST:PORT", and logs to standard \
            error. SIGTERM and SIGINT finish what is in flight, a second one ends at once, SIGHUP reloads \
            certificates and secrets, and opens the access log anew.

            Every option can be given as an environment variable: SYNCSTREAMER_ and the option in \
            capitals, with underscores (SYNCSTREAMER_FRAME_DURATION=2s). PORT is read where \
            SYNCSTREAMER_PORT is not set, and SYNCSTREAMER_SECRET holds a secret for all channels. An \
            option wins over the environment.

            Example:

              syncstreamer serve --data-dir data --cert cert.pem --key key.pem
            """)

    @OptionGroup(title: "Where") var place: PlaceOptions
    @OptionGroup(title: "Frames") var frames: FrameOptions
    @OptionGroup(title: "Compatibility") var compatibility: CompatibilityOptions
    @OptionGroup(title: "Uploads") var uploads: UploadLimitOptions
    @OptionGroup(title: "Limits") var limits: LimitOptions
    @OptionGroup(title: "Following") var following: FollowLimitOptions
    @OptionGroup(title: "Log") var log: LogOptions

    func run() throws {
        // First of all, so that no thread takes a signal by itself.
        let signals = try Signals(of: [Signals.hangUp, Signals.interrupt, Signals.terminate])
        let server = try Server(configuration(from: .process))
        StandardStreams.writeOutput(Array("listening on \(server.url)\n".utf8).span)
        // Threads that a disk holds up are not waited for.
        if try !server.run(until: signals) { ProcessEnd.now() }
    }

    /// What the options and the environment ask for.
    func configuration(from source: OptionSource) throws -> ServerConfiguration {
        var configuration = ServerConfiguration()
        try place.apply(source, to: &configuration)
        try frames.apply(source, to: &configuration)
        try compatibility.apply(source, to: &configuration)
        try uploads.apply(source, to: &configuration)
        try limits.apply(source, to: &configuration)
        try following.apply(source, to: &configuration.limits.following)
        try log.apply(source, to: &configuration)
        return configuration
    }
}
