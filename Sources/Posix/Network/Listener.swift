import CLinux
import Glibc

/// A TCP socket that accepts connections without waiting (listen(2), accept(2)). One thread.
package struct Listener: ~Copyable, Sendable {
    package let descriptor: Descriptor
    /// Where it listens, with the real port.
    package let address: SocketAddress

    /// What one try to accept gave.
    package enum Accepted: ~Copyable {
        case connection(Descriptor, from: SocketAddress)
        /// No connection waits.
        case wouldBlock
        /// This connection ended before it was accepted; the next may be fine.
        case failed
        /// The process or the system has no descriptor or memory for one more; those that wait stay in the
        /// queue.
        case exhausted
    }

    /// Binds and listens. Several listeners of one process may share an address: the kernel spreads
    /// connections over them (SO_REUSEPORT, socket(7)).
    ///
    /// - Parameters:
    ///   - backlog: how many finished connections may wait to be accepted; the kernel caps it at `somaxconn`.
    ///   - congestionControl: the name of an algorithm for TCP_CONGESTION (tcp(7)), inherited by connections.
    /// - Throws: `SystemError` that names the address: EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOENT for the
    ///   algorithm.
    package init(
        on requested: SocketAddress, backlog: Int32, congestionControl: String? = nil
    ) throws(SystemError) {
        if requested.port != 0 { try Self.checkFree(requested) }
        let descriptor = try Self.bound(to: requested, isShared: true)
        if let name = congestionControl {
            // SAFETY: setsockopt copies the octets of the name.
            var octets = Array(name.utf8)
            if unsafe setsockopt(
                descriptor.number, Int32(IPPROTO_TCP), TCP_CONGESTION, &octets, socklen_t(octets.count)) != 0
            {
                throw SystemError(call: "setsockopt TCP_CONGESTION", subject: name)
            }
        }
        if listen(descriptor.number, backlog) != 0 {
            throw SystemError(call: "listen", subject: requested.description)
        }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        // SAFETY: getsockname writes at most `length` octets into the storage.
        let code = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor.number, $0, &length)
            }
        }
        guard code == 0, let address = SocketAddress(storage) else {
            throw SystemError(call: "getsockname", subject: requested.description)
        }
        self.descriptor = descriptor
        self.address = address
    }

    /// Listens on the address of `other` as well, for another thread.
    package init(
        beside other: borrowing Listener, backlog: Int32, congestionControl: String? = nil
    ) throws(SystemError) {
        let descriptor = try Self.bound(to: other.address, isShared: true)
        if let name = congestionControl {
            var octets = Array(name.utf8)
            // SAFETY: setsockopt copies the octets of the name.
            _ = unsafe setsockopt(
                descriptor.number, Int32(IPPROTO_TCP), TCP_CONGESTION, &octets, socklen_t(octets.count))
        }
        if listen(descriptor.number, backlog) != 0 {
            throw SystemError(call: "listen", subject: other.address.description)
        }
        self.descriptor = descriptor
        address = other.address
    }

    /// SO_REUSEPORT would let two servers of one user share a port unnoticed: a bind without it finds the
    /// other one.
    private static func checkFree(_ address: SocketAddress) throws(SystemError) {
        _ = try bound(to: address, isShared: false)
    }

    private static func bound(to address: SocketAddress, isShared: Bool) throws(SystemError) -> Descriptor {
        let family = address.isIPv6 ? AF_INET6 : AF_INET
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let number = socket(family, kind, 0)
        if number < 0 { throw SystemError(call: "socket", subject: address.description) }
        let descriptor = Descriptor(owning: number)
        // A restart must not wait for connections of the last run that linger in TIME_WAIT.
        enable(SOL_SOCKET, SO_REUSEADDR, on: descriptor)
        if isShared { enable(SOL_SOCKET, SO_REUSEPORT, on: descriptor) }
        // Two listeners, 0.0.0.0 and ::, serve both families whatever net.ipv6.bindv6only says.
        if address.isIPv6 { enable(Int32(IPPROTO_IPV6), IPV6_V6ONLY, on: descriptor) }
        // Every response leaves in one send, so there is nothing Nagle's algorithm could gather. Inherited on
        // accept.
        enable(Int32(IPPROTO_TCP), TCP_NODELAY, on: descriptor)
        // SAFETY: bind reads the structure within the call, and its length is told with it.
        let code = unsafe address.withSystemForm { unsafe bind(number, $0, $1) }
        if code != 0 { throw SystemError(call: "bind", subject: address.description) }
        return descriptor
    }

    private static func enable(_ level: Int32, _ option: Int32, on descriptor: borrowing Descriptor) {
        var one: Int32 = 1
        // SAFETY: setsockopt copies the integer. These options exist on every Linux; ones without effect do
        // no harm.
        _ = unsafe setsockopt(descriptor.number, level, option, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Takes the next waiting connection; its descriptor does not block and closes on exec.
    package borrowing func accept() -> Accepted {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        // SAFETY: accept4 writes at most `length` octets into the storage.
        let number = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe accept4(descriptor.number, $0, &length, flags)
            }
        }
        if number >= 0 {
            let accepted = Descriptor(owning: number)
            guard let peer = SocketAddress(storage) else { return .failed }
            return .connection(accepted, from: peer)
        }
        switch errno {
        case EAGAIN: return .wouldBlock
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
        default: return .failed
        }
    }
}
