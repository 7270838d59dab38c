import ArgumentParser
import Server

/// Options of `serve`: where it listens, keeps its data and finds its certificates and secrets.
struct PlaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A numeric address to listen on; may be given again. (default: 0.0.0.0 and ::)",
            valueName: "address"))
    var host: [String] = []

    @Option(help: "The TCP port; 0 takes a free one. (default: 8080)")
    var port: UInt16?

    @Option(
        help: ArgumentHelp(
            "Where everything is kept; made if missing. (default: ./data)", valueName: "directory"))
    var dataDir: String?

    @Option(
        help: ArgumentHelp(
            "A certificate with its chain, PEM; may be given again, for other hosts or with another kind of "
                + "key; the first is for clients that name no host. (default: a self-signed one is made)",
            valueName: "file"))
    var cert: [String] = []

    @Option(
        help: ArgumentHelp("A certificate's key, PEM; one for each --cert, in order.", valueName: "file"))
    var key: [String] = []

    @Option(
        help: ArgumentHelp(
            "Ask clients for certificates of these authorities, PEM; what their subjects may post to is said "
                + "in the secret file. (default: none is asked for)",
            valueName: "file"))
    var clientCa: String?

    @Option(
        help: ArgumentHelp(
            "A file with a line a secret. (default: SYNCSTREAMER_SECRET, or one is made)",
            valueName: "file"))
    var secretFile: String?

    @Option(
        help: ArgumentHelp(
            "HOST:PORT for the operator: /healthz, /readyz and /metrics, without TLS; or 'off'. "
                + "(default: 127.0.0.1:8081)",
            valueName: "address"))
    var admin: ListenAddress?

    @Option(help: ArgumentHelp("The origin whose scripts may read. (default: *)", valueName: "origin"))
    var corsOrigin: String?

    @Option(
        help: ArgumentHelp(
            "Have browsers take no other than https from this host, on all of its ports, for so long: "
                + "Strict-Transport-Security, such as 365d. (default: nothing is said)",
            valueName: "duration"))
    var hsts: TimeSpan?

    @Option(help: ArgumentHelp("Event loops. (default: one a core)", valueName: "count"))
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "How long a stopping server takes for what is in flight, at most. (default: 10s)",
            valueName: "duration"))
    var drainTimeout: TimeSpan?

    @Option(
        help: ArgumentHelp("TCP congestion control, such as bbr. (default: the system's)", valueName: "name"))
    var tcpCongestion: String?

    @Flag(
        inversion: .prefixedNo,
        help: ArgumentHelp(
            "Whether the kernel makes the TLS 1.3 records of large frames, where it can (module tls); it has "
                + "not been run on a kernel that can. (default: no)"))
    var ktls: Bool?

    func apply(_ source: OptionSource, to configuration: inout ServerConfiguration) throws {
        if let hosts = source.list(host, "host") { configuration.hosts = hosts }
        if let port = try source.value(port, "port", or: "PORT") { configuration.port = port }
        if let path = try source.value(dataDir, "data-dir") { configuration.dataDirectory = path }
        configuration.certificateFiles = source.list(cert, "cert") ?? []
        configuration.keyFiles = source.list(key, "key") ?? []
        configuration.clientAuthorityFile = try source.value(clientCa, "client-ca")
        configuration.secretFile = try source.value(secretFile, "secret-file")
        configuration.secret = source.variable(OptionSource.variableName(of: "secret"))
        switch try source.value(admin, "admin") {
        case .off: configuration.admin = nil
        case .at(let host, let port): configuration.admin = (host, port)
        case nil: break
        }
        if let origin = try source.value(corsOrigin, "cors-origin") { configuration.corsOrigin = origin }
        if let time = try source.value(hsts, "hsts") {
            try OptionSource.check(
                time.milliseconds, within: 0...Self.hstsMillisecondsMax, "hsts", "0s to 3650d")
            configuration.strictTransportSeconds = time.milliseconds / 1000
        }
        if let threads = try source.value(threads, "threads") {
            try OptionSource.check(threads, within: 1...Self.threadsMax, "threads", "1 to \(Self.threadsMax)")
            configuration.loopCount = threads
        }
        if let timeout = try source.value(drainTimeout, "drain-timeout") {
            configuration.drainTimeoutMilliseconds = timeout.milliseconds
        }
        configuration.congestionControl = try source.value(tcpCongestion, "tcp-congestion")
        configuration.wantsKernelRecords = try source.isOn(ktls, "ktls") ?? false
    }

    /// More loops than any machine has cores would only cost memory.
    private static let threadsMax = 1024
    /// Ten years: browsers' own lists ask for one or two.
    private static let hstsMillisecondsMax: UInt64 = 3_650 * 86_400_000
}
