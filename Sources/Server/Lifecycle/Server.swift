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
    /// A message from each loop that has ended, with its index.
    let ended: Mailbox<Int>
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
    private var threads: [Thread] = []
    private var writerThread: Thread?
    private var sealerThread: Thread?
    private var accessLog: AccessLog?
    private var accessLogThread: Thread?

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
        ended = try Mailbox<Int>()
        try start(recovery, listeners, tls, secretSet)
        // Not before: a start that fails says why, and nothing else.
        certificate.announce(tls.certificates, logger: configuration.logger)
        warnOfExpiry()
        if let plain = listeners.plainAuthority { warn(of: plain) }
    }

    /// Says each time what a listener without TLS lets others do.
    private func warn(of plain: String) {
        let consequence =
            configuration.trustsPlain
            ? "whoever reaches it may post without a secret" : "secrets sent there can be read on their way"
        logger.warning("http://\(plain) is open too, where nothing is encrypted; \(consequence)")
    }

    private func start(
        _ recovery: Recovery, _ listeners: ListenerSet, _ tls: TLSContext, _ secrets: SecretSet
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
        let operatorLedger = ConnectionLedger(
            totalMax: configuration.limits.operatorConnectionsMax,
            perNetworkMax: configuration.limits.operatorConnectionsMax)
        let uploadByteCountMax = configuration.limits.uploadByteCountMax(
            ofEach: loops.count, itemByteCountMax: configuration.log.itemByteCountMax)
        let sealing = try Sealer(
            recovery, mailbox: sealer, writer: writer, metrics: metrics,
            latenessMilliseconds: configuration.log.latenessMilliseconds, logger: logger)
        let writing = try Writer(
            recovery, mailbox: writer, loops: loops, sealer: sealer, metrics: metrics, logger: logger)
        let limiter = RateLimiter(configuration.rates)
        let access = try configuration.accessLog.map(openAccessLog)
        var serving: [EventLoop] = []
        for (index, mailbox) in loops.enumerated() {
            let context = RequestContext(
                nowMilliseconds: 0, receivedMicroseconds: 0, catalog: recovery.catalog.current().value,
                secrets: secrets, limiter: limiter, metrics: metrics, settings: settings)
            let turn = Turn(
                monotonic: 0, context: context, limits: configuration.limits,
                requestLimits: configuration.requestLimits,
                http2Limits: configuration.http2Limits, logger: logger)
            let loop = try EventLoop(
                index: index, mailbox: mailbox, writer: writer,
                ledgers: ConnectionLedgers(clients: ledger, operators: operatorLedger),
                uploadByteCountMax: uploadByteCountMax, catalog: recovery.catalog,
                tls: tls, ticketKeys: ticketKeys, turn: turn, frameClock: recovery.frameClock,
                access: accessLog.map { AccessLines($0, format: configuration.accessLogFormat) })
            try listeners.hand(to: loop, index: index)
            serving.append(loop)
        }
        if let access { accessLogThread = try Thread(name: "access log", owning: access) { $0.run() } }
        sealerThread = try Thread(name: "sealer", owning: sealing) { $0.run() }
        writerThread = try Thread(name: "writer", owning: writing) { $0.run() }
        for (index, loop) in serving.enumerated() {
            threads.append(
                try Thread(name: "loop \(index)", owning: loop) { [ended] loop in
                    loop.run()
                    ended.post(index)
                })
        }
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

    /// Once the loops have ended: has the writer and the sealer work off what they have, and waits for all
    /// threads.
    func endThreads() {
        for thread in threads { thread.join() }
        threads = []
        writer.post(.stop)
        writerThread.take()?.join()
        sealer.post(.stop)
        sealerThread.take()?.join()
        accessLog?.mailbox.post(.stop)
        accessLogThread.take()?.join()
    }
}
