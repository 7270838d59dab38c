import ArgumentParser
import Server

/// Options of `serve`: a listener without TLS, and what the Go server's clients expect.
struct CompatibilityOptions: ParsableArguments {
    @Flag(
        inversion: .prefixedNo,
        help: ArgumentHelp(
            "Whether to serve the Go server's clients: POST /event/{id}, GET /frame/{id}, an index of "
                + "StartAt, EndAt and Id, and frames with a channel's id before its type. (default: no)"))
    var compatGo: Bool?

    @Option(
        help: ArgumentHelp(
            "HOST:PORT to serve without TLS too; a PORT alone is this machine's. (default: 'off')",
            valueName: "address"))
    var plainListen: PlainAddress?

    @Flag(
        inversion: .prefixedNo,
        help: "Whether posts need no secret there, unless a web page sends them. (default: no)")
    var trustPlain: Bool?

    func apply(_ source: OptionSource, to configuration: inout ServerConfiguration) throws {
        configuration.isGoCompatible = try source.isOn(compatGo, "compat-go") ?? false
        if case .at(let host, let port) = try source.value(plainListen, "plain-listen")?.address {
            configuration.plain = (host, port)
        }
        configuration.trustsPlain = try source.isOn(trustPlain, "trust-plain") ?? false
        if configuration.trustsPlain && configuration.plain == nil {
            throw ValidationError(
                "--trust-plain is about the listener that --plain-listen opens; give that too")
        }
    }
}
