import Bytes
import COpenSSL
import Synchronization

/// The keys that session tickets are protected with (RFC 8446 section 4.6.1, RFC 5077 section 4), shared by
/// all contexts and loops, so that a client may resume on any of them and across a reload. Any thread.
///
/// A ticket lets its holder skip the certificate and its signature, half of a handshake's cost. Who has a key
/// can read what was sent in TLS 1.2 under its tickets, so keys are short-lived, never written down, and
/// wiped when dropped.
package final class TicketKeys: Sendable {
    /// How long a key makes tickets.
    package static let rotationMilliseconds: UInt64 = 4 * 3_600_000
    /// How long a key, counted from when it was made, is understood.
    package static let lifetimeMilliseconds: UInt64 = 12 * 3_600_000
    /// How long clients may use a ticket: the last that a key made is good for as long as its key.
    static let ticketLifetimeSeconds = Int((lifetimeMilliseconds - rotationMilliseconds) / 1000)

    /// Newest first; at most lifetime / rotation + 1, as each rotation drops the outdated.
    private let keys: Mutex<[TicketKey]>

    /// - Parameter nowMilliseconds: of a clock that does not go back; only differences matter.
    package init(nowMilliseconds: UInt64) {
        keys = Mutex([TicketKey(madeAtMilliseconds: nowMilliseconds)])
    }

    /// Makes a new key where the newest has served its time and drops the outdated. To be called now and
    /// then, at least once in `rotationMilliseconds`.
    package func rotate(nowMilliseconds: UInt64) {
        keys.withLock { keys in
            if keys[0].age(nowMilliseconds) < Self.rotationMilliseconds { return }
            keys.removeAll { $0.age(nowMilliseconds) >= Self.lifetimeMilliseconds }
            keys.insert(TicketKey(madeAtMilliseconds: nowMilliseconds), at: 0)
        }
    }

    /// The key for new tickets.
    var newest: TicketKey { keys.withLock { $0[0] } }

    /// The key that a ticket names; nil where it is outdated, or not ours. `isNewest`: new tickets are made
    /// with it.
    func key(named name: Span<UInt8>) -> (key: TicketKey, isNewest: Bool)? {
        keys.withLock { keys in
            for (index, key) in keys.enumerated() where key.isNamed(name) { return (key, index == 0) }
            return nil
        }
    }
}

/// One key: 16 octets of name, 32 for AES-256-CBC, 32 for HMAC-SHA256, as RFC 5077 section 4 recommends.
/// Wiped at the end.
@safe
final class TicketKey: Sendable {
    static let nameByteCount = 16
    static let cipherKeyByteCount = 32
    static let macKeyByteCount = 32
    private static let byteCount = nameByteCount + cipherKeyByteCount + macKeyByteCount

    // SAFETY: filled in init and not changed before deinit.
    nonisolated(unsafe) private let octets: UnsafeMutablePointer<UInt8>
    private let madeAtMilliseconds: UInt64

    init(madeAtMilliseconds: UInt64) {
        self.madeAtMilliseconds = madeAtMilliseconds
        unsafe octets = .allocate(capacity: Self.byteCount)
        let result = unsafe RAND_priv_bytes(octets, Int32(Self.byteCount))
        precondition(result == 1, "OpenSSL's random generator failed")
    }

    deinit {
        unsafe OPENSSL_cleanse(octets, Self.byteCount)
        unsafe octets.deallocate()
    }

    /// Milliseconds since it was made; 0 where the clock did go back.
    func age(_ nowMilliseconds: UInt64) -> UInt64 {
        nowMilliseconds > madeAtMilliseconds ? nowMilliseconds - madeAtMilliseconds : 0
    }

    var name: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // SAFETY: the octets live as long as the object, which the span borrows.
            let span = unsafe Span(_unsafeStart: UnsafePointer(octets), count: Self.nameByteCount)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    func isNamed(_ other: Span<UInt8>) -> Bool { name.isEqual(to: other) }

    /// Valid as long as the object.
    var cipherKey: UnsafeMutablePointer<UInt8> { unsafe octets + Self.nameByteCount }

    /// Valid as long as the object.
    var macKey: UnsafeMutablePointer<UInt8> { unsafe cipherKey + Self.cipherKeyByteCount }
}
