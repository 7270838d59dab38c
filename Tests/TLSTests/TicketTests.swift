// Session tickets: resumption across contexts that share keys, renewal, the bounded life of a key (time is
// passed in), and that foreign tickets only cost a full handshake.
import COpenSSL
import Testing

@testable import TLS

struct TicketTests {
    private let identity = Identity()
    private static let versions = [TLS1_2_VERSION, TLS1_3_VERSION]

    /// A finished handshake; the session to resume, and whether it was itself resumed.
    private func visit(
        _ keys: TicketKeys, _ version: Int32, resuming session: Client.Session? = nil
    ) throws -> (session: Client.Session, wasResumed: Bool) {
        // A context of its own, as after a reload.
        let context = try identity.context(ticketKeys: keys)
        let pair = Pair(context, Client(Client.Offer(versions: version...version), resuming: session))
        pair.run()
        try #require(pair.progress == .open)
        #expect(pair.client.wasResumed == pair.wasResumed)
        return (pair.client.session, pair.wasResumed)
    }

    @Test(arguments: versions)
    func aTicketIsGoodOnAnotherContext(version: Int32) throws {
        let keys = TicketKeys(nowMilliseconds: 0)
        let first = try visit(keys, version)
        #expect(!first.wasResumed)
        #expect(try visit(keys, version, resuming: first.session).wasResumed)
    }

    @Test(arguments: versions)
    func aTicketOfTheKeyBeforeIsAcceptedAndRenewed(version: Int32) throws {
        let keys = TicketKeys(nowMilliseconds: 0)
        let first = try visit(keys, version)
        keys.rotate(nowMilliseconds: TicketKeys.rotationMilliseconds)
        let second = try visit(keys, version, resuming: first.session)
        #expect(second.wasResumed)
        #expect(second.session.ticket != first.session.ticket)
        // The renewed one outlives the first key.
        keys.rotate(nowMilliseconds: TicketKeys.lifetimeMilliseconds)
        #expect(try !visit(keys, version, resuming: first.session).wasResumed)
        #expect(try visit(keys, version, resuming: second.session).wasResumed)
    }

    @Test func aTicketOfTheNewestKeyIsKeptInTLS12AndReplacedInTLS13() throws {
        let keys = TicketKeys(nowMilliseconds: 0)
        let old = try visit(keys, TLS1_2_VERSION)
        #expect(try visit(keys, TLS1_2_VERSION, resuming: old.session).session.ticket == old.session.ticket)
        // RFC 8446 appendix C.4.
        let new = try visit(keys, TLS1_3_VERSION)
        #expect(try visit(keys, TLS1_3_VERSION, resuming: new.session).session.ticket != new.session.ticket)
    }

    @Test(arguments: versions)
    func aTicketOfAForeignKeyLeadsToAFullHandshake(version: Int32) throws {
        let foreign = try visit(TicketKeys(nowMilliseconds: 0), version)
        #expect(try !visit(TicketKeys(nowMilliseconds: 0), version, resuming: foreign.session).wasResumed)
    }

    @Test func keysLiveAsLongAsSaid() {
        let rotation = TicketKeys.rotationMilliseconds
        let lifetime = TicketKeys.lifetimeMilliseconds
        let start: UInt64 = 1_000_000
        let keys = TicketKeys(nowMilliseconds: start)
        let first = keys.newest
        keys.rotate(nowMilliseconds: start + rotation - 1)
        #expect(keys.newest === first)
        keys.rotate(nowMilliseconds: 0)  // A clock that went back changes nothing.
        #expect(keys.newest === first)
        keys.rotate(nowMilliseconds: start + rotation)
        #expect(keys.newest !== first)
        #expect(keys.key(named: first.name)?.isNewest == false)
        #expect(keys.key(named: keys.newest.name)?.isNewest == true)
        keys.rotate(nowMilliseconds: start + lifetime - 1)
        #expect(keys.key(named: first.name) != nil)
        keys.rotate(nowMilliseconds: start + lifetime)
        keys.rotate(nowMilliseconds: start + lifetime + rotation)
        #expect(keys.key(named: first.name) == nil)
    }
}
