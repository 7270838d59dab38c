import CLinux
import Glibc

/// An IPv4 or IPv6 address with a port (ip(7), ipv6(7)).
package struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    /// Sixteen octets in network order; an IPv4 address stands in its mapped form, ::ffff:a.b.c.d (RFC 4291,
    /// 2.5.5.2).
    private var high: UInt64
    private var low: UInt64
    private var scope: UInt32
    /// The port, in host order; 0 in a listener's address asks for a free one.
    package var port: UInt16
    package let isIPv6: Bool

    /// Reads a numeric address: `127.0.0.1`, `::1`, `[::1]`, `fe80::1%eth0`; nil where the text is none.
    package init?(host: String, port: UInt16) {
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        // SAFETY: getaddrinfo gives a list that is read before freeaddrinfo ends it.
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = AI_NUMERICHOST
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(bare, nil, &hints, &list) == 0, let first = unsafe list else { return nil }
        defer { unsafe freeaddrinfo(list) }
        var storage = sockaddr_storage()
        let count = unsafe min(Int(first.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
        unsafe withUnsafeMutableBytes(of: &storage) { target in
            unsafe target.copyMemory(
                from: UnsafeRawBufferPointer(start: first.pointee.ai_addr, count: count))
        }
        self.init(storage)
        self.port = port
    }

    /// Reads the kernel's form; nil for a family other than the two.
    init?(_ storage: sockaddr_storage) {
        var copy = storage
        // SAFETY: the family says which of the two structures the storage holds, and it is large enough for
        // both.
        switch Int32(storage.ss_family) {
        case AF_INET:
            let address = unsafe withUnsafeBytes(of: &copy) { unsafe $0.load(as: sockaddr_in.self) }
            high = 0
            low = 0xFFFF_0000_0000 | UInt64(UInt32(bigEndian: address.sin_addr.s_addr))
            scope = 0
            port = UInt16(bigEndian: address.sin_port)
            isIPv6 = false
        case AF_INET6:
            let address = unsafe withUnsafeBytes(of: &copy) { unsafe $0.load(as: sockaddr_in6.self) }
            var octets = address.sin6_addr
            (high, low) = unsafe withUnsafeBytes(of: &octets) {
                unsafe (
                    UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
            scope = address.sin6_scope_id
            port = UInt16(bigEndian: address.sin6_port)
            isIPv6 = true
        default:
            return nil
        }
    }

    /// Calls `body` with the kernel's form.
    func withSystemForm<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        // SAFETY: both structures begin like sockaddr, and the length given is the structure's own.
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_scope_id = scope
            unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { target in
                unsafe target.storeBytes(of: high.bigEndian, as: UInt64.self)
                unsafe target.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(truncatingIfNeeded: low).bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// What limits per address count by: an IPv4 address, or the /64 network of an IPv6 address, since one
    /// household or machine commonly holds a whole /64 (RFC 6177).
    package var network: SocketNetwork {
        isIPv6 && !isMapped ? SocketNetwork(high: high, low: 0) : SocketNetwork(high: 0, low: low)
    }

    /// Every address of the machine: `0.0.0.0` or `::`.
    package var isAny: Bool { isIPv6 ? high == 0 && low == 0 : low & 0xFFFF_FFFF == 0 }

    private var isMapped: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// The address without the port: `127.0.0.1`, `::1`.
    package var host: String {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        // SAFETY: getnameinfo writes at most the count given, the terminator included.
        let code = unsafe withSystemForm { address, length in
            unsafe text.withUnsafeMutableBufferPointer {
                unsafe getnameinfo(
                    address, length, $0.baseAddress!, socklen_t($0.count), nil, 0, NI_NUMERICHOST)
            }
        }
        if code != 0 { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// `HOST:PORT`, with brackets around an IPv6 address.
    package var description: String {
        isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

/// The part of an address by which limits are counted.
package struct SocketNetwork: Hashable, Sendable {
    /// The network's octets, for whoever counts by it.
    package let high: UInt64
    /// The octets behind those.
    package let low: UInt64
}
