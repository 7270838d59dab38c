import ArgumentParser
import HTTPClient

/// Options of the commands that talk to a server: which one, and how it is trusted.
struct ServerOptions: ParsableArguments {
    @Option(help: "The server's address. (default: SYNCSTREAMER_URL, or https://localhost:8080)")
    var url: String?

    @Option(help: ArgumentHelp("The certificates to trust, PEM, instead of the system's.", valueName: "file"))
    var cacert: String?

    @Option(help: ArgumentHelp("A certificate that says who posts, PEM.", valueName: "file"))
    var clientCert: String?

    @Option(
        help: ArgumentHelp("Its key, PEM, not encrypted. (default: in the same file)", valueName: "file"))
    var clientKey: String?

    @Flag(help: "Trust any certificate: for a first look, never for secrets that matter.")
    var insecure = false

    func validate() throws {
        if insecure && cacert != nil { throw ValidationError("give --cacert or --insecure, not both") }
        if clientKey != nil && clientCert == nil {
            throw ValidationError("--client-key is the key of --client-cert; give both")
        }
    }

    /// The server that the options and the environment name.
    func server(from source: OptionSource = .process) throws -> RemoteServer {
        let text = try source.value(url, "url") ?? "https://localhost:8080"
        guard let base = BaseURL(text) else {
            throw ValidationError(
                "'\(text)' is no address of a server; one is such as https://localhost:8080")
        }
        var settings = HTTPClientSettings()
        settings.trustedCertificateFile = cacert
        settings.clientCertificateFile = clientCert
        settings.clientKeyFile = clientKey
        settings.acceptsAnyCertificate = insecure
        settings.userAgent = "syncstreamer/\(SyncStreamer.version)"
        return RemoteServer(base, settings)
    }
}
