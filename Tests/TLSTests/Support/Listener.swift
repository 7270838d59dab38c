import Bytes
import Glibc
import Testing

@testable import TLS

/// A listening socket on a free port of 127.0.0.1, which serves one client at a time to its end.
final class Listener {
    private let descriptor: Int32
    let port: UInt16
    /// How long a client that hangs may keep a test; far above what any needs.
    private static let patienceSeconds = 30

    init() {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // SAFETY: a sockaddr_in begins as every sockaddr does, and its size is given.
        unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe precondition(bind(descriptor, generic, length) == 0 && listen(descriptor, 8) == 0)
                unsafe precondition(getsockname(descriptor, generic, &length) == 0)
            }
        }
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
        Self.setPatience(of: descriptor)
    }

    deinit { close(descriptor) }

    private static func setPatience(of descriptor: Int32) {
        var time = timeval(tv_sec: patienceSeconds, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Accepts one client and, when it has sent anything, answers and closes. Returns when the client is
    /// gone.
    ///
    /// - Returns: what it sent, and where its session stood at the end.
    func serve(_ context: TLSContext, answer: [UInt8]) -> (request: [UInt8], progress: TLSProgress) {
        let client = accept(descriptor, nil, nil)
        precondition(client >= 0, "no client came")
        // Clients of tests that run beside this one must not hold its socket open.
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        defer { close(client) }
        Self.setPatience(of: client)
        var session = TLSSession(server: context)
        var ciphertext = Buffer()
        var plaintext = Buffer()
        var output = Buffer()
        var progress = TLSProgress.handshaking
        var hasAnswered = false
        var piece = [UInt8](repeating: 0, count: 4096)
        while case let count = unsafe recv(client, &piece, piece.count, 0), count > 0 {
            ciphertext.append(copying: piece.span.extracting(0..<count))
            progress = session.receive(&ciphertext, into: &plaintext, plaintextMax: 65_536, replies: &output)
            if !plaintext.isEmpty && !hasAnswered {
                hasAnswered = true
                session.send(answer.span, into: &output)
                session.close(into: &output)
            }
            let octets = output.octets.copied()
            output.removeAll()
            if !octets.isEmpty { _ = unsafe send(client, octets, octets.count, Int32(MSG_NOSIGNAL)) }
            if hasAnswered { shutdown(client, Int32(SHUT_WR)) }
            if case .failed = progress { break }
        }
        return (plaintext.octets.copied(), progress)
    }
}
