// Shows what a connection does when its peer goes away at a bad moment. Its turns are called as the loop
// calls them, over a socket pair, and the phase that a peer would bring it to is set.
import Bytes
import Glibc
import HTTP
import HTTP2
import Logging
import Posix
import Testing

@testable import Server

@Suite struct ConnectionTests {
    private func turn() -> Turn {
        Turn(
            monotonic: 0, context: Site().context, limits: ConnectionLimits(), requestLimits: RequestLimits(),
            http2Limits: HTTP2Limits(), logger: Logger(label: "test"))
    }

    /// A connection, and the peer's end of its socket.
    private struct Setup: ~Copyable {
        let connection: Connection
        let peer: Descriptor

        init(_ records: consuming RecordLayer, in phase: Connection.Phase) throws {
            var numbers: [Int32] = [0, 0]
            let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            // SAFETY: socketpair fills the two integers it is given.
            let code = unsafe socketpair(AF_UNIX, kind, 0, &numbers)
            precondition(code == 0, "a test has two descriptors")
            peer = Descriptor(owning: numbers[1])
            let address = try #require(SocketAddress(host: "127.0.0.1", port: 1))
            connection = Connection(
                descriptor: Descriptor(owning: numbers[0]), token: 0, network: address.network,
                service: .streaming, records: records, limits: RequestLimits(), now: 0,
                timeouts: ConnectionLimits())
            connection.phase = phase
        }
    }

    /// A reset behind the peer's end leaves nothing to receive but the end again, and raises an event again
    /// and again.
    @Test func aHangUpEndsAnUploadThatWaitsForItsCommit() throws {
        let setup = try Setup(RecordLayer(), in: .commit)
        let connection = setup.connection
        var workspace = Workspace()
        setup.peer.shutDownWriting()
        let atTheEnd = connection.readable(&workspace, turn())
        #expect(atTheEnd == .keep)
        #expect(connection.wanted == .none)
        let atTheHangUp = connection.readable(&workspace, turn())
        #expect(atTheHangUp == .close)
    }
}
