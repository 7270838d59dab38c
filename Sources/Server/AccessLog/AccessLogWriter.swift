import Logging
import Posix

/// The thread that writes the access log.
final class AccessLogWriter {
    /// How long a reader that takes nothing is waited for, once: a stop must come to its end.
    private static let patienceMilliseconds: Int32 = 1_000

    private let log: AccessLog
    private let place: AccessLogPlace
    private let logger: Logger
    private var stream: LineStream
    private var poller: Poller
    private var messages: [AccessLogMessage] = []
    private var isFailing = false
    /// The reader took nothing the last time.
    private var isStuck = false
    private var isStopping = false

    /// Opens the log.
    ///
    /// - Throws: `SystemError` where it can't be opened.
    init(_ log: AccessLog, place: AccessLogPlace, logger: Logger) throws(SystemError) {
        self.log = log
        self.place = place
        self.logger = logger
        stream = try Self.open(place)
        poller = try Poller(eventsMax: 1)
        try poller.add(log.mailbox.wake.descriptor, token: 0, interest: .read)
    }

    private static func open(_ place: AccessLogPlace) throws(SystemError) -> LineStream {
        switch place {
        case .standardError: try .standardError()
        case .file(let path): try LineStream(appendingTo: path)
        }
    }

    /// Runs until told to stop.
    func run() {
        while !isStopping {
            _ = poller.wait(timeoutMilliseconds: -1)
            log.mailbox.take(into: &messages)
            for message in messages { handle(message) }
            messages.removeAll(keepingCapacity: true)
        }
    }

    private func handle(_ message: AccessLogMessage) {
        switch message {
        case .lines(let lines, let count): write(lines, count: count)
        case .reopen: reopen()
        case .stop: isStopping = true
        }
    }

    private func write(_ lines: [UInt8], count: UInt64) {
        defer { log.release(byteCount: lines.count) }
        do throws(SystemError) {
            let written = try stream.append(
                lines.span, timeoutMilliseconds: isStuck ? 0 : Self.patienceMilliseconds)
            isFailing = false
            isStuck = written < lines.count
            if isStuck { log.drop(lineCount(in: lines[written...])) }
        } catch {
            log.drop(count)
            // Once, not with every line.
            if !isFailing {
                logger.error("the access log can't be written", metadata: ["error": "\(error)"])
            }
            isFailing = true
        }
    }

    private func lineCount(in octets: ArraySlice<UInt8>) -> UInt64 {
        octets.reduce(into: 0) { count, octet in if octet == UInt8(ascii: "\n") { count += 1 } }
    }

    private func reopen() {
        guard case .file = place else { return }
        do throws(SystemError) {
            stream = try Self.open(place)
        } catch {
            logger.error(
                "the access log can't be opened anew and goes on in the old file",
                metadata: ["error": "\(error)"])
        }
    }
}
