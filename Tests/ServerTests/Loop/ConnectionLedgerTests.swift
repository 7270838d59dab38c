// Shows that connections are counted in and out by network and in total, and that a full limit refuses only
// new ones.
import Posix
import Testing

@testable import Server

@Suite struct ConnectionLedgerTests {
    private func network(_ host: String) throws -> SocketNetwork {
        try #require(SocketAddress(host: host, port: 1)).network
    }

    @Test func eachNetworkHasItsOwnLimit() throws {
        let ledger = ConnectionLedger(totalMax: 10, perNetworkMax: 2)
        let first = try network("192.0.2.1")
        let second = try network("192.0.2.2")
        #expect(ledger.admit(first) == nil)
        #expect(ledger.admit(first) == nil)
        #expect(ledger.admit(first) == .address)
        #expect(ledger.admit(second) == nil)
        ledger.release(first)
        #expect(ledger.admit(first) == nil)
    }

    /// Whoever floods the public ports leaves the operator's alone.
    @Test func theOperatorsListenerHasItsOwn() throws {
        let ledgers = ConnectionLedgers(
            clients: ConnectionLedger(totalMax: 1, perNetworkMax: 1),
            operators: ConnectionLedger(totalMax: 1, perNetworkMax: 1))
        let host = try network("127.0.0.1")
        #expect(ledgers[.streaming].admit(host) == nil)
        for service in [Service.streaming, .plain, .trusted] {
            #expect(ledgers[service].admit(host) == .total)
        }
        #expect(ledgers[.admin].admit(host) == nil)
        #expect(ledgers[.admin].admit(host) == .total)
    }

    @Test func theTotalIsLimited() throws {
        let ledger = ConnectionLedger(totalMax: 3, perNetworkMax: 100)
        for number in 1...3 { #expect(ledger.admit(try network("192.0.2.\(number)")) == nil) }
        let fourth = try network("192.0.2.4")
        #expect(ledger.admit(fourth) == .total)
        ledger.release(try network("192.0.2.1"))
        #expect(ledger.admit(fourth) == nil)
    }
}
