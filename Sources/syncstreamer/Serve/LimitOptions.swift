import ArgumentParser
import FrameLog
import Server

/// Options of `serve`: what one client, and all together, may take.
struct LimitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The largest item, at most 1GiB. (default: 16MiB)", valueName: "size"))
    var maxItemSize: ByteSize?

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
        help: ArgumentHelp("Wrong secrets a second from one address. (default: 10)", valueName: "count"))
    var rateAddressGuesses: Int?

    func apply(_ source: OptionSource, to configuration: inout ServerConfiguration) throws {
        if let size = try source.value(maxItemSize, "max-item-size") {
            try OptionSource.check(
                size.byteCount, within: 1...Self.itemByteCountMax, "max-item-size", "1 to 1GiB")
            configuration.log.itemByteCountMax = Int(size.byteCount)
            // A segment holds an item of the greatest size with what is said about it.
            configuration.log.segmentByteCount = max(
                configuration.log.segmentByteCount, Int(size.byteCount) + Self.segmentRoomByteCount)
        }
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
        try applyRates(source, to: &configuration.rates)
    }

    private func applyRates(_ source: OptionSource, to rates: inout RateLimits) throws {
        rates.addressRequests = try rate(source, rateAddressRequests, "rate-address-requests")
        rates.addressItems = try rate(source, rateAddressItems, "rate-address-items")
        rates.addressOctets = try rate(source, rateAddressOctets, "rate-address-octets")
        rates.secretRequests = try rate(source, rateSecretRequests, "rate-secret-requests")
        rates.secretItems = try rate(source, rateSecretItems, "rate-secret-items")
        rates.secretOctets = try rate(source, rateSecretOctets, "rate-secret-octets")
        rates.addressGuesses =
            try rate(source, rateAddressGuesses, "rate-address-guesses") ?? rates.addressGuesses
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

    /// An item is held in memory while it arrives, so what is allowed must be far below what a machine has.
    private static let itemByteCountMax: UInt64 = 1 << 30
    private static let segmentRoomByteCount = 4 << 20
}
