import Logging

/// Tells the operator in time that certificates will expire. Pure: it is given the time, and returns what is
/// to be said.
///
/// A line each is due when 30, 14, 7 and 1 days are left, once, and at every start and reload the one for
/// what is left then. Of a certificate that has expired a line is due every day.
struct ExpiryWatch: Sendable {
    /// A certificate, as the operator knows it.
    struct Certificate: Sendable, Equatable {
        /// `certificate for a.example`.
        let title: String
        let file: String
        /// Seconds since the UNIX epoch; the last second that it is valid.
        let notAfterSeconds: Int64
        /// What to do about it.
        let advice: String
    }

    /// What is to be said of one certificate.
    struct Notice: Sendable, Equatable {
        let certificate: Certificate
        /// Below zero where it has expired.
        let secondsLeft: Int64
    }

    /// How much is left when something is said: time enough to order a certificate, to find out why it was
    /// not renewed by itself, to do it by hand, and to drop everything else.
    static let daysLeft: [Int64] = [30, 14, 7, 1]
    /// How often to look. Often enough that the last of the days above is known nearly whole.
    static let periodMilliseconds: UInt64 = 3_600_000

    private static let secondsPerDay: Int64 = 86_400

    private struct Watched {
        let certificate: Certificate
        /// How many of the days have been said to be left; one more than there are once it has expired.
        var stage = 0
        var saidAtSeconds: Int64 = 0
    }

    private var watched: [Watched]

    init(_ certificates: [Certificate]) {
        watched = certificates.map { Watched(certificate: $0) }
    }

    /// What has become due since the last call.
    ///
    /// - Parameter nowSeconds: since the UNIX epoch.
    mutating func notices(nowSeconds: Int64) -> [Notice] {
        var notices: [Notice] = []
        for index in watched.indices {
            let left = watched[index].certificate.notAfterSeconds - nowSeconds
            let stage = Self.stage(secondsLeft: left)
            let isRepeated = left < 0 && nowSeconds - watched[index].saidAtSeconds >= Self.secondsPerDay
            guard stage > watched[index].stage || isRepeated else { continue }
            watched[index].stage = stage
            watched[index].saidAtSeconds = nowSeconds
            notices.append(Notice(certificate: watched[index].certificate, secondsLeft: left))
        }
        return notices
    }

    private static func stage(secondsLeft: Int64) -> Int {
        if secondsLeft < 0 { return daysLeft.count + 1 }
        return daysLeft.count { secondsLeft <= $0 * secondsPerDay }
    }
}

extension ExpiryWatch.Notice {
    /// One line: what, when, and what to do.
    var text: String {
        if secondsLeft < 0 {
            return "the \(certificate.title) has expired, and clients refuse it; \(certificate.advice)"
        }
        let (hours, days) = (Self.units(of: 3600, in: secondsLeft), Self.units(of: 86_400, in: secondsLeft))
        let time = days > 1 ? "\(days) days" : hours > 1 ? "\(hours) hours" : "1 hour"
        return "the \(certificate.title) expires within \(time); \(certificate.advice)"
    }

    /// Says it.
    func log(to logger: Logger) {
        let end = SecretExpiry(secondsSinceEpoch: UInt64(max(0, certificate.notAfterSeconds))).text
        logger.log(
            level: secondsLeft < 0 ? .error : .warning, "\(text)",
            metadata: ["file": "\(certificate.file)", "until": "\(end)"])
    }

    private static func units(of seconds: Int64, in total: Int64) -> Int64 {
        (total + seconds - 1) / seconds
    }
}
