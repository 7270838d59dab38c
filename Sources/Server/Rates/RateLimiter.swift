import Bytes
import HTTP
import Posix
import TLS

/// The rate limits of a server: shared by all loops, and not touched for what has no limit.
final class RateLimiter: Sendable {
    private let addressRequests: RateMeter?
    private let addressItems: RateMeter?
    private let addressOctets: RateMeter?
    private let addressGuesses: RateMeter?
    private let secretRequests: RateMeter?
    private let secretItems: RateMeter?
    private let secretOctets: RateMeter?

    init(_ limits: RateLimits) {
        addressRequests = limits.addressRequests.map { RateMeter(.addressRequests, perSecond: $0) }
        addressItems = limits.addressItems.map { RateMeter(.addressItems, perSecond: $0) }
        addressOctets = limits.addressOctets.map { RateMeter(.addressOctets, perSecond: $0) }
        addressGuesses = limits.addressGuesses.map { RateMeter(.addressGuesses, perSecond: $0) }
        secretRequests = limits.secretRequests.map { RateMeter(.secretRequests, perSecond: $0) }
        secretItems = limits.secretItems.map { RateMeter(.secretItems, perSecond: $0) }
        secretOctets = limits.secretOctets.map { RateMeter(.secretOctets, perSecond: $0) }
    }

    /// Counts a request.
    func admitRequest(from requester: Requester) -> RateRefusal? {
        take(1, addressRequests, requester.key)
    }

    /// Whether the requester may show a secret at all: not after too many that were none.
    func admitSecret(from requester: Requester) -> RateRefusal? {
        take(1, addressGuesses, requester.key, isCounted: false)
    }

    /// Counts a secret that is none.
    func countGuess(by requester: Requester) {
        _ = take(1, addressGuesses, requester.key)
    }

    /// Whether it matters here who a secret is.
    var metersSecrets: Bool { secretRequests != nil || secretItems != nil || secretOctets != nil }

    /// Counts an upload, and gives what its items are to be charged to; nil where nothing is.
    func admitUpload(
        by owner: Span<UInt8>, from requester: Requester
    ) -> (meter: UploadMeter?, refusal: RateRefusal?) {
        let isMetered =
            addressItems != nil || addressOctets != nil || secretItems != nil || secretOctets != nil
        if !isMetered && secretRequests == nil { return (nil, nil) }
        let key = SHA256.withDigest(of: owner) { digest in
            RateKey(
                high: digest.bigEndian(at: 0, as: UInt64.self), low: digest.bigEndian(at: 8, as: UInt64.self))
        }
        if let refusal = take(1, secretRequests, key) { return (nil, refusal) }
        if !isMetered { return (nil, nil) }
        let meter = UploadMeter(limiter: self, address: requester.key, secret: key)
        return (meter, charge(meter, items: 1, byteCount: 1, isCounted: false))
    }

    fileprivate func charge(
        _ meter: UploadMeter, items: UInt64, byteCount: UInt64, isCounted: Bool = true
    ) -> RateRefusal? {
        // First all are asked, so that nothing is taken for an item that another limit keeps out.
        if isCounted, let refusal = charge(meter, items: items, byteCount: byteCount, isCounted: false) {
            return refusal
        }
        return take(items, secretItems, meter.secret, isCounted: isCounted)
            ?? take(byteCount, secretOctets, meter.secret, isCounted: isCounted)
            ?? take(items, addressItems, meter.address, isCounted: isCounted)
            ?? take(byteCount, addressOctets, meter.address, isCounted: isCounted)
    }

    fileprivate func owe(_ meter: UploadMeter, items: UInt64, byteCount: UInt64) {
        let now = Clock.monotonicMicroseconds()
        secretItems?.owe(items, of: meter.secret, now: now)
        secretOctets?.owe(byteCount, of: meter.secret, now: now)
        guard let address = meter.address else { return }
        addressItems?.owe(items, of: address, now: now)
        addressOctets?.owe(byteCount, of: address, now: now)
    }

    private func take(
        _ count: UInt64, _ meter: RateMeter?, _ key: RateKey?, isCounted: Bool = true
    ) -> RateRefusal? {
        guard let meter, let key, count > 0 else { return nil }
        return meter.take(count, of: key, now: Clock.monotonicMicroseconds(), isCounted: isCounted)
    }
}

/// Who asks.
struct Requester: Sendable {
    /// Where from; nil counts for no limit.
    var network: SocketNetwork?
    /// The client's certificate, verified in the handshake; nil where it gave none.
    var certificate: ClientCertificate?
    /// Whether it came by a listener where posts need no secret.
    var isTrusted = false

    fileprivate var key: RateKey? { network.map { RateKey(high: $0.high, low: $0.low) } }
}

/// What the items of an upload are charged to.
struct UploadMeter: Sendable {
    fileprivate let limiter: RateLimiter
    fileprivate let address: RateKey?
    fileprivate let secret: RateKey

    /// Charges items that have come, or says why they can't be taken now.
    func charge(items: UInt64, byteCount: UInt64) -> RateRefusal? {
        limiter.charge(self, items: items, byteCount: byteCount)
    }

    /// Charges what has come in any case.
    func owe(items: UInt64, byteCount: UInt64) {
        limiter.owe(self, items: items, byteCount: byteCount)
    }
}

extension Response {
    /// 429 (RFC 6585 section 4).
    mutating func refuse(_ refusal: RateRefusal, _ settings: RouteSettings) {
        appendPolicy(refusal)
        refuse(
            .rateLimited, "Send less in a time: RateLimit-Policy says how much.", settings,
            retryAfterSeconds: refusal.retryAfterSeconds)
    }

    /// The policy that was met (draft-ietf-httpapi-ratelimit-headers).
    mutating func appendPolicy(_ refusal: RateRefusal) {
        cause = .rate(refusal.policy)
        fields.append("RateLimit: \"")
        fields.append(refusal.policy.name)
        fields.append("\";r=0;t=")
        fields.append(decimal: refusal.retryAfterSeconds)
        fields.append("\r\nRateLimit-Policy: \"")
        fields.append(refusal.policy.name)
        fields.append("\";q=")
        fields.append(decimal: refusal.quota)
        fields.append(";w=")
        fields.append(decimal: RateLimits.windowSeconds)
        fields.append("\r\n")
    }
}
