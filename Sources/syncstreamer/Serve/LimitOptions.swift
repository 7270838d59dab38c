import ArgumentParser
import HTTP
import HTTP2
import Server

/// Options of `serve`: what one client, and all together, may take.
struct LimitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Connections open at once. (default: 10000)", valueName: "count"))
    var maxConnections: Int?

    @Option(
        help: ArgumentHelp(
            "Connections from one IPv4 address or IPv6 /64. (default: 1000)", valueName: "count"))
    var maxConnectionsPerAddress: Int?

    @Option(
        help: ArgumentHelp("From accept to a finished TLS handshake. (default: 10s)", valueName: "duration"))
    var handshakeTimeout: TimeSpan?

    @Option(help: ArgumentHelp("For a request's header to arrive. (default: 10s)", valueName: "duration"))
    var headerTimeout: TimeSpan?

    @Option(help: ArgumentHelp("Between two requests. (default: 75s)", valueName: "duration"))
    var idleTimeout: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "For the next items of a streaming upload to arrive. (default: 5m)", valueName: "duration"))
    var streamIdleTimeout: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "How fast a body must come and a response be read, a second. (default: 1KiB)",
            valueName: "size"))
    var minRate: ByteSize?

    @Option(
        help: ArgumentHelp("The time over which that is averaged. (default: 30s)", valueName: "duration"))
    var minRateWindow: TimeSpan?

    @Option(help: ArgumentHelp("The longest request line, at most 16KiB. (default: 8KiB)", valueName: "size"))
    var maxRequestLine: ByteSize?

    @Option(
        help: ArgumentHelp("All header fields together, at most 64KiB. (default: 32KiB)", valueName: "size"))
    var maxHeaderSize: ByteSize?

    @Option(help: ArgumentHelp("Header fields, at most 1000. (default: 100)", valueName: "count"))
    var maxHeaderFields: Int?

    @Option(
        help: ArgumentHelp(
            "Streams open at once on an HTTP/2 connection, at most 1000. (default: 128)", valueName: "count"))
    var maxStreams: Int?

    @Option(
        help: ArgumentHelp(
            "HTTP/2 frames a second that ask for nothing; ten times that at once. (default: 100)",
            valueName: "count"))
    var maxIdleFrames: Int?

    @Option(
        help: ArgumentHelp(
            "CONTINUATION frames of one HTTP/2 header, at most 1000. (default: 8)", valueName: "count"))
    var maxContinuations: Int?

    @Option(
        help: ArgumentHelp(
            "Requests a second from one address, as all rates over ten seconds. (default: no limit)",
            valueName: "count"))
    var rateAddressRequests: Int?

    @Option(help: ArgumentHelp("Items a second from one address. (default: no limit)", valueName: "count"))
    var rateAddressItems: Int?

    @Option(
        help: ArgumentHelp(
            "Octets of items a second from one address. (default: no limit)", valueName: "size"))
    var rateAddressOctets: ByteSize?

    @Option(help: ArgumentHelp("Uploads a second by one secret. (default: no limit)", valueName: "count"))
    var rateSecretRequests: Int?

    @Option(help: ArgumentHelp("Items a second by one secret. (default: no limit)", valueName: "count"))
    var rateSecretItems: Int?

    @Option(
        help: ArgumentHelp("Octets of items a second by one secret. (default: no limit)", valueName: "size"))
    var rateSecretOctets: ByteSize?

    @Option(
        help: ArgumentHelp(
            "Wrong secrets a second from one address, beyond which it gets 429 for right ones too; 0 for no "
                + "limit, where all devices come by one proxy's address. (default: 10)",
            valueName: "count"))
    var rateAddressGuesses: Int?

    func apply(_ source: OptionSource, to configuration: inout ServerConfiguration) throws {
        let limits = configuration.limits
        configuration.limits.connectionsMax =
            try count(source.value(maxConnections, "max-connections"), "max-connections")
            ?? limits.connectionsMax
        configuration.limits.connectionsPerAddressMax =
            try count(
                source.value(maxConnectionsPerAddress, "max-connections-per-address"),
                "max-connections-per-address") ?? limits.connectionsPerAddressMax
        if let timeout = try time(source, handshakeTimeout, "handshake-timeout") {
            configuration.limits.handshakeTimeoutMilliseconds = timeout
        }
        if let timeout = try time(source, headerTimeout, "header-timeout") {
            configuration.limits.headerTimeoutMilliseconds = timeout
        }
        if let timeout = try time(source, idleTimeout, "idle-timeout") {
            configuration.limits.idleTimeoutMilliseconds = timeout
        }
        if let timeout = try time(source, streamIdleTimeout, "stream-idle-timeout") {
            configuration.limits.streamIdleTimeoutMilliseconds = timeout
        }
        if let timeout = try time(source, minRateWindow, "min-rate-window") {
            configuration.limits.rateWindowMilliseconds = timeout
        }
        try applySizes(source, to: &configuration)
        try applyRates(source, to: &configuration.rates)
    }

    private func applySizes(_ source: OptionSource, to configuration: inout ServerConfiguration) throws {
        if let size = try source.value(minRate, "min-rate") {
            try OptionSource.check(size.byteCount, within: 1...1 << 30, "min-rate", "1 to 1GiB")
            configuration.limits.octetsPerSecondMin = size.byteCount
        }
        if let size = try source.value(maxRequestLine, "max-request-line") {
            try OptionSource.check(size.byteCount, within: 64...16 << 10, "max-request-line", "64 to 16KiB")
            configuration.requestLimits.requestLineByteCountMax = Int(size.byteCount)
        }
        if let size = try source.value(maxHeaderSize, "max-header-size") {
            try OptionSource.check(size.byteCount, within: 256...64 << 10, "max-header-size", "256 to 64KiB")
            configuration.requestLimits.fieldSectionByteCountMax = Int(size.byteCount)
        }
        if let count = try source.value(maxHeaderFields, "max-header-fields") {
            try OptionSource.check(count, within: 8...1000, "max-header-fields", "8 to 1000")
            configuration.requestLimits.fieldCountMax = count
        }
        if let count = try source.value(maxStreams, "max-streams") {
            try OptionSource.check(count, within: 1...1000, "max-streams", "1 to 1000")
            configuration.http2Limits.streamsMax = count
        }
        if let count = try source.value(maxIdleFrames, "max-idle-frames") {
            try OptionSource.check(count, within: 1...1_000_000, "max-idle-frames", "1 to 1000000")
            configuration.http2Limits.idleFramesPerSecond = count
            configuration.http2Limits.idleFramesMax = count * 10
        }
        if let count = try source.value(maxContinuations, "max-continuations") {
            try OptionSource.check(count, within: 1...1000, "max-continuations", "1 to 1000")
            configuration.http2Limits.continuationsMax = count
        }
    }

    private func applyRates(_ source: OptionSource, to rates: inout RateLimits) throws {
        rates.addressRequests = try rate(source, rateAddressRequests, "rate-address-requests")
        rates.addressItems = try rate(source, rateAddressItems, "rate-address-items")
        rates.addressOctets = try rate(source, rateAddressOctets, "rate-address-octets")
        rates.secretRequests = try rate(source, rateSecretRequests, "rate-secret-requests")
        rates.secretItems = try rate(source, rateSecretItems, "rate-secret-items")
        rates.secretOctets = try rate(source, rateSecretOctets, "rate-secret-octets")
        if let guesses = try source.value(rateAddressGuesses, "rate-address-guesses") {
            try OptionSource.check(guesses, within: 0...1 << 24, "rate-address-guesses", "0 to 16777216")
            rates.addressGuesses = guesses == 0 ? nil : UInt64(guesses)
        }
    }

    private func rate(_ source: OptionSource, _ flag: Int?, _ option: String) throws -> UInt64? {
        try count(source.value(flag, option), option).map { UInt64($0) }
    }

    private func rate(_ source: OptionSource, _ flag: ByteSize?, _ option: String) throws -> UInt64? {
        guard let size = try source.value(flag, option)?.byteCount else { return nil }
        try OptionSource.check(size, within: 1...1 << 40, option, "1 to 1TiB")
        return size
    }

    private func count(_ value: Int?, _ option: String) throws -> Int? {
        if let value { try OptionSource.check(value, within: 1...1 << 24, option, "1 to 16777216") }
        return value
    }

    private func time(_ source: OptionSource, _ flag: TimeSpan?, _ option: String) throws -> UInt64? {
        guard let value = try source.value(flag, option)?.milliseconds else { return nil }
        try OptionSource.check(value, within: 1...86_400_000, option, "1ms to 24h")
        return value
    }
}
