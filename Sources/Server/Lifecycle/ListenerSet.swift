import Logging
import Posix

/// The listening sockets of all loops, bound before any thread starts, so that a port in use stops the start
/// and leaves nothing behind.
final class ListenerSet {
    /// What may wait to be accepted; the kernel caps it at net.core.somaxconn, 4096 by default.
    private static let backlog: Int32 = 4096

    /// One loop's sockets, until the loop takes them.
    private final class Seat {
        var listeners: [Held] = []
    }

    /// A listener in an array, which can't hold a value without copies itself.
    private final class Held {
        var listener: Listener?
        let service: Service

        init(_ listener: consuming Listener, _ service: Service) {
            self.listener = consume listener
            self.service = service
        }
    }

    private let seats: [Seat]
    /// `HOST:PORT` under which the server is reached: the first host's, with the real port.
    let authority: String
    /// `HOST:PORT` of the listener without TLS, with the real port.
    let plainAuthority: String?

    var loopCount: Int { seats.count }

    init(_ configuration: ServerConfiguration, loopCount: Int) throws {
        let seats = (0..<loopCount).map { _ in Seat() }
        var first: SocketAddress?
        var port = configuration.port
        for host in configuration.hosts {
            guard let wanted = SocketAddress(host: host, port: port) else {
                throw StartError("\(host) is no numeric IP address; give --host one such as 127.0.0.1 or ::")
            }
            do {
                let address = try Self.listen(
                    on: wanted, .streaming, seats, congestionControl: configuration.congestionControl)
                first = first ?? address
                // Port 0 takes a free one for the first host; the others listen on the same.
                port = address.port
            } catch  where error.isMissingFamily && first != nil {
                // A kernel without IPv6 still serves IPv4, which was asked for first.
                configuration.logger.notice("not listening on \(wanted)", metadata: ["reason": "\(error)"])
            } catch {
                throw StartError(Self.advice(on: error, at: wanted))
            }
        }
        guard let first else { throw StartError("there is no address to listen on; give --host one") }
        self.seats = seats
        authority = first.isAny ? "localhost:\(first.port)" : "\(first)"
        plainAuthority = try Self.bindPlain(configuration, seats)
        if let admin = configuration.admin { try bindAdmin(admin) }
    }

    /// Gives every seat a socket of its own on an address, and returns that with the real port.
    private static func listen(
        on wanted: SocketAddress, _ service: Service, _ seats: [Seat], congestionControl: String?
    ) throws(SystemError) -> SocketAddress {
        let listener = try Listener(on: wanted, backlog: backlog, congestionControl: congestionControl)
        let address = listener.address
        for seat in seats.dropFirst() {
            let beside = try Listener(
                beside: listener, backlog: backlog, congestionControl: congestionControl)
            seat.listeners.append(Held(beside, service))
        }
        seats[0].listeners.append(Held(listener, service))
        return address
    }

    private static func bindPlain(_ configuration: ServerConfiguration, _ seats: [Seat]) throws -> String? {
        guard let plain = configuration.plain else { return nil }
        guard let wanted = SocketAddress(host: plain.host, port: plain.port) else {
            throw StartError(
                "\(plain.host) is no numeric IP address; give --plain-listen one such as 127.0.0.1:4242")
        }
        do {
            let address = try listen(
                on: wanted, configuration.trustsPlain ? .trusted : .plain, seats,
                congestionControl: configuration.congestionControl)
            return "\(address)"
        } catch {
            throw StartError(advice(on: error, at: wanted, option: "--plain-listen"))
        }
    }

    private func bindAdmin(_ admin: (host: String, port: UInt16)) throws {
        guard let wanted = SocketAddress(host: admin.host, port: admin.port) else {
            throw StartError(
                "\(admin.host) is no numeric IP address; give --admin one such as 127.0.0.1:8081, or off")
        }
        do {
            seats[0].listeners.append(Held(try Listener(on: wanted, backlog: Self.backlog), .admin))
        } catch {
            throw StartError(Self.advice(on: error, at: wanted, option: "--admin"))
        }
    }

    private static func advice(
        on error: SystemError, at address: SocketAddress, option: String = "--port"
    ) -> String {
        if error.isAddressInUse {
            return "\(address) is in use by another process; stop it, or give \(option) another one"
        }
        if error.isPermissionDenied {
            return "this user may not listen on \(address); "
                + "ports below 1024 need the capability CAP_NET_BIND_SERVICE"
        }
        return "can't listen on \(address): \(error)"
    }

    /// Hands a loop its listeners; once for each.
    func hand(to loop: EventLoop, index: Int) throws {
        for held in seats[index].listeners {
            guard let listener = held.listener.take() else {
                preconditionFailure("a loop gets its listeners once")
            }
            try loop.add(listener, serving: held.service)
        }
    }
}
