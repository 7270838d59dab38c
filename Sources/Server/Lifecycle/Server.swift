import FrameLog
import HTTP
import HTTP2
import Logging
import Posix
import TLS

/// A running server: its threads, and what can be asked of it from outside.
///
/// Making one either brings everything up or leaves nothing behind. All methods are for one thread, commonly
/// the main one.
package final class Server {
    /// `https://HOST:PORT` with the real port.
    package let url: String

    let configuration: ServerConfiguration
    let loops: [Mailbox<LoopMessage>]
    /// A message from each thread that has ended.
    let ended: Mailbox<EndedThread>
    private(set) var isDraining = false

    /// Held as long as the server lives: a directory has one owner.
    private let data: DataDirectory
    private let secrets: SecretSource
    private let certificate: CertificateSource
    private let ticketKeys: TicketKeys
    private let metrics: MetricsBoard
    private var expiryWatch: ExpiryWatch
    private let writer: Mailbox<WriterMessage>
    private let sealer: Mailbox<SealerMessage>
    private let checker: Mailbox<CheckerMessage>
    private var loopThreads: [Thread] = []
    /// The writer's, the sealer's, the checker's, and the access log's where there is one.
    private var otherThreads: [Thread] = []
    var otherThreadCount: Int { otherThreads.count }
    private var accessLog: AccessLog?

    var logger: Logger { configuration.logger }

    /// Brings everything up: data directory, secrets, certificate, listeners, recovery, and then the threads.
    ///
    /// - Throws: an error whose description is one clear line: what is wrong, on what, and what to do.
    package init(_ configuration: ServerConfiguration) throws {
        guard RouteSettings.isOrigin(configuration.corsOrigin) else {
            throw StartError("--cors-origin must be * or an origin such as https://example.org")
        }
        self.configuration = configuration
        data = try DataDirectory(configuration.dataDirectory)
        secrets = SecretSource(configuration)
        certificate = try CertificateSource(configuration)
        ticketKeys = TicketKeys(nowMilliseconds: Clock.monotonicMilliseconds())
        let tls = try certificate.load(ticketKeys: ticketKeys)
        expiryWatch = certificate.expiryWatch(of: tls)
        let listeners = try ListenerSet(
            configuration, loopCount: configuration.loopCount ?? ProcessLimits.processorCount)
        let recovery = try Recovery(configuration, data: data)
        let secretSet = try secrets.load(logger: configuration.logger)

        url = "https://" + listeners.authority
        loops = try (0..<listeners.loopCount).map { _ in try Mailbox<LoopMessage>() }
        metrics = MetricsBoard(loopCount: listeners.loopCount, startSeconds: Clock.wallMilliseconds() / 1000)
        metrics.note(tls)
        writer = try Mailbox<WriterMessage>()
        sealer = try Mailbox<SealerMessage>()
        checker = try Mailbox<CheckerMessage>()
        ended = try Mailbox<EndedThread>()
        let refusal = configuration.wantsKernelRecords ? Self.refusalOfKernelRecords() : nil
        try start(
            recovery, listeners, tls, secretSet,
            usesKernelRecords: configuration.wantsKernelRecords && refusal == nil)
        // Not before: a start that fails says why, and nothing else.
        certificate.announce(tls.certificates, logger: configuration.logger)
        warnOfExpiry()
        if let plain = listeners.plainAuthority { warn(of: plain) }
        if configuration.wantsKernelRecords { announceKernelRecords(refusal) }
    }

    /// Why the kernel can't make records; nil where it can.
    private static func refusalOfKernelRecords() -> SystemError? {
        do throws(SystemError) {
            try KernelRecords.check()
            return nil
        } catch {
            return error
        }
    }

    /// Says whose records are sent, where the operator wanted the kernel's.
    private func announceKernelRecords(_ refusal: SystemError?) {
        if let refusal {
            logger.warning(
                "the kernel can't make TLS records, so all are made here", metadata: ["reason": "\(refusal)"])
        } else {
            logger.notice("the kernel makes the TLS records of connections with large contents")
        }
    }

    /// Says each time what a listener without TLS lets others do.
    private func warn(of plain: String) {
        let consequence =
            configuration.trustsPlain
            ? "whoever reaches it may post without a secret" : "secrets sent there can be read on their way"
        logger.warning("http://\(plain) is open too, where nothing is encrypted; \(consequence)")
    }

    private func start(
        _ recovery: Recovery, _ listeners: ListenerSet, _ tls: TLSContext, _ secrets: SecretSet,
        usesKernelRecords: Bool
    ) throws {
        let settings = RouteSettings(
            corsOrigin: configuration.corsOrigin, itemByteCountMax: configuration.log.itemByteCountMax,
            frameDurationMilliseconds: configuration.log.frameDurationMilliseconds,
            latenessMilliseconds: configuration.log.latenessMilliseconds,
            isGoCompatible: configuration.isGoCompatible, gzipRatioMax: configuration.gzipRatioMax,
            strictTransportSeconds: configuration.strictTransportSeconds)
        let ledger = ConnectionLedger(
            totalMax: configuration.limits.connectionsUsable(logger: logger),
            perNetworkMax: configuration.limits.connectionsPerAddressMax)
        let watch = ChannelWatch()
        let operatorLedger = ConnectionLedger(
            totalMax: configuration.limits.operatorConnectionsMax,
            perNetworkMax: configuration.limits.operatorConnectionsMax)
        let uploadByteCountMax = configuration.limits.uploadByteCountMax(
            ofEach: loops.count, itemByteCountMax: configuration.log.itemByteCountMax)
        let sealing = try Sealer(
            recovery, mailbox: sealer, writer: writer, loops: loops, metrics: metrics,
            latenessMilliseconds: configuration.log.latenessMilliseconds, logger: logger)
        let writing = try Writer(
            recovery, mailbox: writer, loops: loops, sealer: sealer, watch: watch, metrics: metrics,
            logger: logger)
        let limiter = RateLimiter(configuration.rates)
        let access = try configuration.accessLog.map(openAccessLog)
        var serving: [EventLoop] = []
        for (index, mailbox) in loops.enumerated() {
            let context = RequestContext(
                nowMilliseconds: 0, receivedMicroseconds: 0, catalog: recovery.catalog.current().value,
                secrets: secrets, limiter: limiter, metrics: metrics, settings: settings)
            let turn = Turn(
                monotonic: 0, context: context, usesKernelRecords: usesKernelRecords,
                limits: configuration.limits, requestLimits: configuration.requestLimits,
                http2Limits: configuration.http2Limits, logger: logger)
            let loop = try EventLoop(
                index: index, mailbox: mailbox, writer: writer,
                ledgers: ConnectionLedgers(clients: ledger, operators: operatorLedger),
                uploadByteCountMax: uploadByteCountMax,
                following: configuration.limits.following.part(ofEach: loops.count),
                catalog: recovery.catalog,
                tls: tls, ticketKeys: ticketKeys, turn: turn, frameClock: recovery.frameClock,
                watch: watch, access: accessLog.map { AccessLines($0, format: configuration.accessLogFormat) }
            )
            try listeners.hand(to: loop, index: index)
            serving.append(loop)
        }
        let checking = try Checker(recovery.store, mailbox: checker, metrics: metrics, logger: logger)
        try startThread("checker", checking) { $0.run() }
        if let access { try startThread("access log", access) { $0.run() } }
        try startThread("sealer", sealing) { $0.run() }
        try startThread("writer", writing) { $0.run() }
        for (index, loop) in serving.enumerated() {
            loopThreads.append(
                try Thread(name: "loop \(index)", owning: loop) { [ended] loop in
                    loop.run()
                    ended.post(.loop)
                })
        }
    }

    private func startThread<Owned: AnyObject>(
        _ name: String, _ owned: Owned, _ body: @escaping @Sendable (Owned) -> Void
    ) throws {
        otherThreads.append(
            try Thread(name: name, owning: owned) { [ended] owned in
                body(owned)
                ended.post(.other)
            })
    }

    private func openAccessLog(_ place: AccessLogPlace) throws -> AccessLogWriter {
        let log = try AccessLog(metrics: metrics)
        accessLog = log
        do {
            return try AccessLogWriter(log, place: place, logger: logger)
        } catch {
            throw StartError("--access-log can't be opened: \(error)")
        }
    }

    /// Reads certificates and secrets anew. Connections go on; new ones get the new certificates, and every
    /// request from now on the new secrets. What can't be read leaves everything as it was, and says so. The
    /// access log's file is opened anew in any case.
    package func reload() {
        ServiceManager.notify(.reloading)
        accessLog?.mailbox.post(.reopen)
        do {
            let context = try certificate.load(ticketKeys: ticketKeys)
            let set = try secrets.load(logger: logger)
            for loop in loops { loop.post(.reload(context, set)) }
            metrics.note(context)
            certificate.announce(context.certificates, logger: logger)
            expiryWatch = certificate.expiryWatch(of: context)
            warnOfExpiry()
            logger.notice("reloaded certificates and secrets")
        } catch {
            logger.error(
                "nothing was reloaded; the server goes on as before", metadata: ["error": "\(error)"])
        }
        ServiceManager.notify(.ready)
    }

    /// Says which certificates will expire soon. To be called every `ExpiryWatch.periodMilliseconds`.
    func warnOfExpiry() {
        let now = Int64(Clock.wallMilliseconds() / 1000)
        for notice in expiryWatch.notices(nowSeconds: now) { notice.log(to: logger) }
    }

    /// Accepts nothing more, and ends each connection after what is in flight on it.
    package func drain() {
        isDraining = true
        ServiceManager.notify(.stopping)
        logger.notice("draining: what is in flight is finished")
        for loop in loops { loop.post(.drain) }
    }

    /// Ends all connections at once.
    func stopLoops() {
        for loop in loops { loop.post(.stop) }
    }

    /// Once the loops have ended: has the other threads end too. The writer works off what it has. The sealer
    /// leaves what waits to the next start: the log has it.
    func stopOthers() {
        for thread in loopThreads { thread.join() }
        loopThreads = []
        writer.post(.stop)
        sealer.post(.stop)
        checker.post(.stop)
        accessLog?.mailbox.post(.stop)
    }

    /// Once all have ended.
    func joinOthers() {
        for thread in otherThreads { thread.join() }
        otherThreads = []
    }
}

/// A thread that has nothing more to do.
enum EndedThread: Sendable {
    case loop
    case other
}
