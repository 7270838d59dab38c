// Shows what options take for durations, sizes and addresses, that a flag wins over the environment and the
// environment over the default, and what `serve` makes of all its options.
import ArgumentParser
import FrameLog
import HTTP2
import Logging
import Server
import Testing

@testable import syncstreamer

@Suite struct OptionTests {
    @Test(arguments: [
        ("0s", 0), ("500ms", 500), ("10s", 10_000), ("5m", 300_000), ("1h", 3_600_000), ("7d", 604_800_000),
        ("18446744073709551615ms", UInt64.max),
    ])
    func aDurationHasAUnit(text: String, milliseconds: UInt64) {
        #expect(TimeSpan(argument: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "10", "s", "-1s", "+1s", "1.5s", "10 s", "10S", "1w", "18446744073709551616ms",
        "18446744073709551615s",
    ])
    func anythingElseIsNoDuration(text: String) {
        #expect(TimeSpan(argument: text) == nil)
    }

    @Test(arguments: [
        ("0ms", "0s"), ("1500ms", "1500ms"), ("90s", "90s"), ("120s", "2m"), ("60m", "1h"), ("48h", "48h"),
    ])
    func aDurationIsShownInItsLargestWholeUnit(text: String, shown: String) {
        #expect(TimeSpan(argument: text)?.defaultValueDescription == shown)
    }

    @Test(arguments: [
        ("0", 0), ("512", 512), ("512B", 512), ("64KiB", 65_536), ("16MiB", 16 << 20), ("2GiB", 2 << 30),
        ("1TiB", 1 << 40),
    ])
    func aSizeMayHaveABinaryUnit(text: String, byteCount: UInt64) {
        #expect(ByteSize(argument: text)?.byteCount == byteCount)
    }

    @Test(arguments: ["", "KiB", "64KB", "64kib", "1.5MiB", "-1", "64 KiB", "16777216TiB"])
    func anythingElseIsNoSize(text: String) {
        #expect(ByteSize(argument: text) == nil)
    }

    @Test func aListenAddressHasHostAndPort() {
        #expect(ListenAddress(argument: "127.0.0.1:8081") == .at(host: "127.0.0.1", port: 8081))
        #expect(ListenAddress(argument: "[::1]:0") == .at(host: "::1", port: 0))
        #expect(ListenAddress(argument: "off") == .off)
    }

    @Test(arguments: ["", "on", "8081", ":8081", "::1:8081", "[]:1", "127.0.0.1:", "127.0.0.1:65536", "a:b"])
    func anythingElseIsNoListenAddress(text: String) {
        #expect(ListenAddress(argument: text) == nil)
    }

    @Test func aPortAloneIsThisMachines() {
        #expect(PlainAddress(argument: "4242")?.address == .at(host: "127.0.0.1", port: 4242))
        #expect(PlainAddress(argument: "0.0.0.0:0")?.address == .at(host: "0.0.0.0", port: 0))
        #expect(PlainAddress(argument: "[::]:80")?.address == .at(host: "::", port: 80))
        #expect(PlainAddress(argument: "off")?.address == .off)
        for text in ["", ":4242", "65536", "-1", "localhost", "::1:80", "99999999999999999999999"] {
            #expect(PlainAddress(argument: text) == nil)
        }
    }

    @Test func aMomentIsANumberOrATime() {
        #expect(Moment(argument: "1732310400000")?.milliseconds == 1_732_310_400_000)
        #expect(Moment(argument: "2024-11-22T21:20:00Z")?.milliseconds == 1_732_310_400_000)
        #expect(Moment(argument: "now") == nil)
    }
}

@Suite struct ServeOptionTests {
    private func configuration(
        _ arguments: [String], _ variables: [String: String] = [:]
    ) throws -> ServerConfiguration {
        try ServeCommand.parse(arguments).configuration(from: OptionSource { variables[$0] })
    }

    @Test func withoutOptionsTheDefaultsStand() throws {
        let configuration = try configuration([])
        #expect(configuration.hosts == ["0.0.0.0", "::"])
        #expect(configuration.port == 8080)
        #expect(configuration.dataDirectory == "./data")
        #expect(configuration.certificateFiles.isEmpty)
        #expect(configuration.secret == nil)
        #expect(configuration.log.frameDurationMilliseconds == 10_000)
        #expect(configuration.log.latenessMilliseconds == 0)
        #expect(!configuration.log.skipsEmptyFrames)
        #expect(configuration.log.durability == .disk)
        #expect(configuration.log.itemByteCountMax == 16 << 20)
        #expect(configuration.retention.framesMax == 360)
        #expect(configuration.retention.byteCountMax == nil)
        #expect(configuration.retention.ageMillisecondsMax == nil)
        #expect(configuration.loopCount == nil)
        #expect(configuration.admin?.host == "127.0.0.1")
        #expect(configuration.admin?.port == 8081)
        #expect(configuration.plain == nil)
        #expect(!configuration.trustsPlain)
        #expect(!configuration.isGoCompatible)
        #expect(configuration.corsOrigin == "*")
        #expect(configuration.drainTimeoutMilliseconds == 10_000)
        #expect(configuration.logger.logLevel == .info)
        #expect(configuration.accessLog == nil)
        #expect(configuration.strictTransportSeconds == nil)
        #expect(configuration.rates.addressGuesses == 10)
        #expect(configuration.gzipRatioMax == 200)
        #expect(configuration.limits.uploadByteCountMax == 512 << 20)
    }

    @Test func everyOptionArrives() throws {
        expectAllGiven(
            try configuration([
                "--host", "127.0.0.1", "--host", "::1", "--port", "0", "--data-dir", "d", "--cert", "c",
                "--key", "k", "--cert", "c2", "--key", "k2", "--client-ca", "a",
                "--secret-file", "s", "--frame-duration", "2s", "--lateness", "1s", "--skip-empty-frames",
                "--retain-frames", "7", "--retain-bytes", "2GiB", "--retain-age", "24h", "--durability",
                "memory",
                "--threads", "3", "--admin", "off", "--max-item-size", "128MiB", "--max-connections", "11",
                "--max-connections-per-address", "5", "--handshake-timeout", "1s", "--header-timeout", "2s",
                "--idle-timeout", "3s", "--stream-idle-timeout", "5s", "--min-rate", "2KiB",
                "--min-rate-window", "6s", "--max-continuations", "7", "--log-level", "warning",
                "--log-format", "json", "--cors-origin",
                "https://a.example", "--drain-timeout", "4s", "--tcp-congestion", "bbr", "--compat-go",
                "--plain-listen", "[::1]:4242", "--trust-plain", "--access-log", "l",
                "--max-upload-memory", "1GiB", "--max-gzip-ratio", "300", "--max-frame-channels", "8",
                "--max-frame-items", "9", "--max-keys", "10", "--max-keys-per-secret", "6", "--hsts", "365d",
                "--rate-address-guesses", "0", "--ktls",
            ]))
    }

    @Test func everyOptionMayComeFromTheEnvironment() throws {
        expectAllGiven(
            try configuration(
                [],
                [
                    "SYNCSTREAMER_HOST": "127.0.0.1,::1", "SYNCSTREAMER_PORT": "0",
                    "SYNCSTREAMER_DATA_DIR": "d",
                    "SYNCSTREAMER_CERT": "c,c2", "SYNCSTREAMER_KEY": "k,k2",
                    "SYNCSTREAMER_CLIENT_CA": "a", "SYNCSTREAMER_SECRET_FILE": "s",
                    "SYNCSTREAMER_FRAME_DURATION": "2s", "SYNCSTREAMER_LATENESS": "1s",
                    "SYNCSTREAMER_SKIP_EMPTY_FRAMES": "true", "SYNCSTREAMER_RETAIN_FRAMES": "7",
                    "SYNCSTREAMER_RETAIN_BYTES": "2GiB", "SYNCSTREAMER_RETAIN_AGE": "24h",
                    "SYNCSTREAMER_DURABILITY": "memory", "SYNCSTREAMER_THREADS": "3",
                    "SYNCSTREAMER_ADMIN": "off",
                    "SYNCSTREAMER_MAX_ITEM_SIZE": "128MiB", "SYNCSTREAMER_MAX_CONNECTIONS": "11",
                    "SYNCSTREAMER_MAX_CONNECTIONS_PER_ADDRESS": "5", "SYNCSTREAMER_HANDSHAKE_TIMEOUT": "1s",
                    "SYNCSTREAMER_HEADER_TIMEOUT": "2s", "SYNCSTREAMER_IDLE_TIMEOUT": "3s",
                    "SYNCSTREAMER_STREAM_IDLE_TIMEOUT": "5s", "SYNCSTREAMER_MIN_RATE": "2KiB",
                    "SYNCSTREAMER_MIN_RATE_WINDOW": "6s", "SYNCSTREAMER_MAX_CONTINUATIONS": "7",
                    "SYNCSTREAMER_LOG_LEVEL": "warning", "SYNCSTREAMER_LOG_FORMAT": "json",
                    "SYNCSTREAMER_CORS_ORIGIN": "https://a.example", "SYNCSTREAMER_DRAIN_TIMEOUT": "4s",
                    "SYNCSTREAMER_TCP_CONGESTION": "bbr", "SYNCSTREAMER_COMPAT_GO": "on",
                    "SYNCSTREAMER_PLAIN_LISTEN": "[::1]:4242", "SYNCSTREAMER_TRUST_PLAIN": "yes",
                    "SYNCSTREAMER_ACCESS_LOG": "l", "SYNCSTREAMER_MAX_UPLOAD_MEMORY": "1GiB",
                    "SYNCSTREAMER_MAX_GZIP_RATIO": "300", "SYNCSTREAMER_MAX_FRAME_CHANNELS": "8",
                    "SYNCSTREAMER_MAX_FRAME_ITEMS": "9", "SYNCSTREAMER_MAX_KEYS": "10",
                    "SYNCSTREAMER_MAX_KEYS_PER_SECRET": "6", "SYNCSTREAMER_HSTS": "365d",
                    "SYNCSTREAMER_RATE_ADDRESS_GUESSES": "0", "SYNCSTREAMER_KTLS": "on",
                ]))
    }

    private func expectAllGiven(_ configuration: ServerConfiguration) {
        #expect(configuration.hosts == ["127.0.0.1", "::1"])
        #expect(configuration.port == 0)
        #expect(configuration.dataDirectory == "d")
        #expect(configuration.certificateFiles == ["c", "c2"])
        #expect(configuration.keyFiles == ["k", "k2"])
        #expect(configuration.clientAuthorityFile == "a")
        #expect(configuration.secretFile == "s")
        #expect(configuration.log.frameDurationMilliseconds == 2000)
        #expect(configuration.log.latenessMilliseconds == 1000)
        #expect(configuration.log.skipsEmptyFrames)
        #expect(configuration.retention.framesMax == 7)
        #expect(configuration.retention.byteCountMax == 2 << 30)
        #expect(configuration.retention.ageMillisecondsMax == 86_400_000)
        #expect(configuration.log.durability == .memory)
        #expect(configuration.loopCount == 3)
        #expect(configuration.admin == nil)
        #expect(configuration.log.itemByteCountMax == 128 << 20)
        #expect(configuration.log.segmentByteCount > 128 << 20)
        #expect(configuration.limits.connectionsMax == 11)
        #expect(configuration.limits.connectionsPerAddressMax == 5)
        #expect(configuration.limits.handshakeTimeoutMilliseconds == 1000)
        #expect(configuration.limits.headerTimeoutMilliseconds == 2000)
        #expect(configuration.limits.idleTimeoutMilliseconds == 3000)
        #expect(configuration.limits.streamIdleTimeoutMilliseconds == 5000)
        #expect(configuration.limits.octetsPerSecondMin == 2048)
        #expect(configuration.limits.rateWindowMilliseconds == 6000)
        #expect(configuration.http2Limits.continuationsMax == 7)
        #expect(configuration.logger.logLevel == .warning)
        #expect(configuration.accessLog == .file("l"))
        #expect(configuration.accessLogFormat == .json)
        #expect(configuration.corsOrigin == "https://a.example")
        #expect(configuration.drainTimeoutMilliseconds == 4000)
        #expect(configuration.congestionControl == "bbr")
        #expect(configuration.wantsKernelRecords)
        #expect(configuration.isGoCompatible)
        #expect(configuration.plain?.host == "::1")
        #expect(configuration.plain?.port == 4242)
        #expect(configuration.trustsPlain)
        #expect(configuration.limits.uploadByteCountMax == 1 << 30)
        #expect(configuration.gzipRatioMax == 300)
        #expect(configuration.log.channelsMax == 8)
        #expect(configuration.log.itemsMax == 9)
        #expect(configuration.log.keysMax == 10)
        #expect(configuration.log.keysPerOwnerMax == 6)
        #expect(configuration.strictTransportSeconds == 31_536_000)
        #expect(configuration.rates.addressGuesses == nil)
    }

    @Test func theAccessLogIsOffOnOrAFile() throws {
        #expect(
            try configuration(["--access-log", "off"], ["SYNCSTREAMER_ACCESS_LOG": "on"]).accessLog == nil)
        #expect(try configuration(["--access-log", "on"]).accessLog == .standardError)
        #expect(try configuration(["--access-log", "on"]).accessLogFormat == .text)
        #expect(try configuration(["--access-log", "./on"]).accessLog == .file("./on"))
        #expect(throws: (any Error).self) { try configuration(["--access-log", ""]) }
    }

    @Test func aFlagWinsOverTheEnvironment() throws {
        let variables = [
            "SYNCSTREAMER_PORT": "1", "PORT": "2", "SYNCSTREAMER_SKIP_EMPTY_FRAMES": "on",
            "SYNCSTREAMER_HOST": "::1",
            "SYNCSTREAMER_ADMIN": "off",
        ]
        let configuration = try configuration(
            ["--port", "3", "--no-skip-empty-frames", "--host", "127.0.0.1", "--admin", "127.0.0.1:4"],
            variables)
        #expect(configuration.port == 3)
        #expect(!configuration.log.skipsEmptyFrames)
        #expect(configuration.hosts == ["127.0.0.1"])
        #expect(configuration.admin?.port == 4)
    }

    @Test func trustNeedsAPlainListener() throws {
        for (arguments, variables) in [
            (["--trust-plain"], [:]), ([], ["SYNCSTREAMER_TRUST_PLAIN": "on"]),
            (
                ["--plain-listen", "off"],
                ["SYNCSTREAMER_PLAIN_LISTEN": "1", "SYNCSTREAMER_TRUST_PLAIN": "1"]
            ),
        ] {
            let error = #expect(throws: ValidationError.self) {
                _ = try configuration(arguments, variables)
            }
            #expect(error?.message.contains("--plain-listen") == true)
        }
        let variables = ["SYNCSTREAMER_TRUST_PLAIN": "on"]
        #expect(try !configuration(["--no-trust-plain"], variables).trustsPlain)
        #expect(try configuration(["--plain-listen", "1"], variables).plain?.host == "127.0.0.1")
    }

    @Test func portIsReadWhereOurOwnVariableIsNotSet() throws {
        #expect(try configuration([], ["PORT": "2"]).port == 2)
        #expect(try configuration([], ["PORT": "2", "SYNCSTREAMER_PORT": "1"]).port == 1)
    }

    @Test func theSecretComesFromTheEnvironmentAlone() throws {
        #expect(try configuration([], ["SYNCSTREAMER_SECRET": "abc"]).secret == "abc")
        #expect(throws: (any Error).self) { _ = try ServeCommand.parse(["--secret", "abc"]) }
    }

    @Test(arguments: [
        ("SYNCSTREAMER_PORT", "65536"), ("PORT", "http"), ("SYNCSTREAMER_FRAME_DURATION", "10"),
        ("SYNCSTREAMER_RETAIN_BYTES", "2GB"), ("SYNCSTREAMER_ADMIN", "on"),
        ("SYNCSTREAMER_PLAIN_LISTEN", "localhost"), ("SYNCSTREAMER_COMPAT_GO", "2"),
        ("SYNCSTREAMER_DURABILITY", "tape"),
        ("SYNCSTREAMER_SKIP_EMPTY_FRAMES", "maybe"), ("SYNCSTREAMER_LOG_LEVEL", "loud"),
    ])
    func aBadVariableIsNamed(name: String, value: String) {
        let error = #expect(throws: ValidationError.self) { _ = try configuration([], [name: value]) }
        #expect(error?.message.hasPrefix(name) == true)
        #expect(error?.message.contains("'\(value)'") == true)
    }

    @Test(arguments: [
        ["--frame-duration", "99ms"], ["--frame-duration", "3601s"], ["--lateness", "101s"],
        ["--retain-frames", "0"],
        ["--retain-bytes", "0"],
        ["--retain-age", "0s"],
        ["--threads", "0"], ["--max-item-size", "0"], ["--max-item-size", "2GiB"],
        ["--max-connections", "0"],
        ["--header-timeout", "0s"],
        ["--max-upload-memory", "1023KiB"], ["--max-gzip-ratio", "1101"], ["--max-gzip-ratio", "0"],
        ["--max-frame-channels", "0"], ["--max-frame-items", "1073741825"], ["--max-keys", "16777217"],
        ["--max-keys-per-secret", "0"], ["--hsts", "3651d"], ["--rate-address-guesses", "16777217"],
    ])
    func aValueOutOfRangeNamesTheOption(arguments: [String]) {
        let error = #expect(throws: ValidationError.self) { _ = try configuration(arguments) }
        #expect(error?.message.hasPrefix(arguments[0] + " takes") == true)
    }

    @Test func latenessIsMeasuredAgainstTheFrameDurationGiven() throws {
        #expect(
            try configuration(["--frame-duration", "1m", "--lateness", "10m"]).log.latenessMilliseconds
                == 600_000)
    }
}
