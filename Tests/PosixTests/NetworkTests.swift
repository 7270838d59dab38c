// Shows that sockets, poller, wake, mailbox and threads do what their comments say, over the loopback
// interface and with real threads; every wait is for an event, none for time.
import Bytes
import Posix
import Synchronization
import Testing

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:80"), ("::1", "[::1]:80"), ("[::1]", "[::1]:80"), ("::", "[::]:80"),
    ])
    func numericHosts(host: String, text: String) {
        #expect(SocketAddress(host: host, port: 80)?.description == text)
    }

    @Test(arguments: ["", "localhost", "1.2.3", "::g", "1.2.3.4.5"])
    func otherHostsAreNone(host: String) {
        #expect(SocketAddress(host: host, port: 80)?.description == (host == "1.2.3" ? "1.2.0.3:80" : nil))
    }

    @Test func networksAreAnAddressOrItsSlash64() throws {
        let first = try #require(SocketAddress(host: "2001:db8::1", port: 1))
        let second = try #require(SocketAddress(host: "2001:db8::2", port: 2))
        let other = try #require(SocketAddress(host: "2001:db8:0:1::1", port: 1))
        #expect(first.network == second.network)
        #expect(first.network != other.network)
        let plain = try #require(SocketAddress(host: "192.0.2.1", port: 1))
        let neighbour = try #require(SocketAddress(host: "192.0.2.2", port: 1))
        let mapped = try #require(SocketAddress(host: "::ffff:192.0.2.1", port: 1))
        #expect(plain.network != neighbour.network)
        #expect(plain.network == mapped.network)
    }
}

@Suite struct ListenerTests {
    @Test(arguments: ["127.0.0.1", "::1"])
    func takesAFreePort(host: String) throws {
        let listener = try Listener(on: #require(SocketAddress(host: host, port: 0)), backlog: 8)
        #expect(listener.address.port != 0)
        switch listener.accept() {
        case .wouldBlock: break
        default: Issue.record("nothing has connected")
        }
    }

    @Test func aTakenPortIsRefusedByName() throws {
        let listener = try Listener(on: #require(SocketAddress(host: "127.0.0.1", port: 0)), backlog: 8)
        let beside = try Listener(beside: listener, backlog: 8)
        #expect(beside.address == listener.address)
        do {
            _ = try Listener(on: listener.address, backlog: 8)
            Issue.record("two servers share a port")
        } catch {
            #expect(error.description == "bind \(listener.address): Address already in use")
        }
    }
}

@Suite struct ThreadTests {
    @Test func messagesArriveInOrderAndWakeTheOwner() throws {
        let mailbox = try Mailbox<Int>()
        let thread = try Thread(name: "poster", owning: mailbox) { mailbox in
            for number in 0..<1000 { mailbox.post(number) }
        }
        var poller = try Poller(eventsMax: 4)
        try poller.add(mailbox.wake.descriptor, token: 7, interest: .read)
        var received: [Int] = []
        var taken: [Int] = []
        while received.count < 1000 {
            let count = poller.wait(timeoutMilliseconds: -1)
            #expect(count == 1)
            #expect(poller.event(at: 0).token == 7)
            mailbox.take(into: &taken)
            received += taken
            taken.removeAll(keepingCapacity: true)
        }
        thread.join()
        #expect(received == Array(0..<1000))
        #expect(poller.wait(timeoutMilliseconds: 0) == 0)
    }
}
