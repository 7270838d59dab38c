import CLinux
import Glibc

/// Tells the service manager how the process stands (sd_notify(3)): one datagram to the socket that the
/// environment names. Without such a socket nothing happens.
package enum ServiceManager {
    /// What can be told.
    package enum State: String, Sendable {
        case ready = "READY=1"
        case reloading = "RELOADING=1"
        case stopping = "STOPPING=1"
    }

    /// Tells the service manager, where there is one. What it makes of it is its affair: nothing fails here.
    package static func notify(_ state: State) {
        // SAFETY: the environment is not changed while the process runs; the path is copied before the next
        // call.
        guard let name = unsafe getenv("NOTIFY_SOCKET") else { return }
        let path = unsafe String(cString: name)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let octets = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        if octets.isEmpty || octets.count >= room { return }
        // SAFETY: the path fits, as was just checked; `@` stands for the NUL of an abstract name (unix(7)).
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in
            unsafe target.copyBytes(from: octets)
            if octets[0] == UInt8(ascii: "@") { unsafe target[0] = 0 }
        }
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if number < 0 { return }
        let descriptor = Descriptor(owning: number)
        let length = socklen_t(MemoryLayout<sa_family_t>.size + octets.count)
        let message = Array(state.rawValue.utf8)
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = unsafe sendto(
                    descriptor.number, message, message.count, Int32(MSG_NOSIGNAL), pointer, length)
            }
        }
    }
}
