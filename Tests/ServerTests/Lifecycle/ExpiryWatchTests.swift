// When it is said that a certificate will expire, and how: the time is passed in.
import Testing

@testable import Server

struct ExpiryWatchTests {
    private static let day: Int64 = 86_400
    private static let end: Int64 = 1_800_000_000

    private func certificate(_ name: String = "a", notAfterSeconds: Int64 = end) -> ExpiryWatch.Certificate {
        ExpiryWatch.Certificate(
            title: "certificate for \(name)", file: name, notAfterSeconds: notAfterSeconds, advice: "renew it"
        )
    }

    /// How much was left whenever something was said, for one who looks every `period` seconds.
    private func said(from start: Int64, to last: Int64, every period: Int64) -> [Int64] {
        var watch = ExpiryWatch([certificate()])
        return stride(from: start, through: last, by: Int(period)).flatMap { secondsLeft in
            watch.notices(nowSeconds: Self.end - secondsLeft).map(\.secondsLeft)
        }
    }

    @Test func aLineIsDueOnceForEachOfTheDays() {
        let day = Self.day
        #expect(said(from: 400 * day, to: 0, every: -day) == [30 * day, 14 * day, 7 * day, day])
        #expect(said(from: 31 * day, to: 0, every: -3600) == [30 * day, 14 * day, 7 * day, day])
    }

    @Test func aStartSaysWhatIsLeftThen() {
        let day = Self.day
        #expect(said(from: 30 * day + 1, to: 30 * day + 1, every: -day) == [])
        #expect(said(from: 20 * day, to: 0, every: -day) == [20 * day, 14 * day, 7 * day, day])
        #expect(said(from: 3600, to: 0, every: -60) == [3600])
        #expect(said(from: 0, to: 0, every: -1) == [0])
    }

    @Test func oneWhoLookedAwayHearsOfItOnce() {
        #expect(said(from: 31 * Self.day, to: Self.day, every: -30 * Self.day) == [Self.day])
    }

    @Test func whatHasExpiredIsSaidEveryDay() {
        let day = Self.day
        #expect(said(from: 1800, to: -3 * day, every: -3600) == [1800, -1800, -1800 - day, -1800 - 2 * day])
    }

    @Test func aClockThatGoesBackSaysNothingTwice() {
        var watch = ExpiryWatch([certificate()])
        #expect(watch.notices(nowSeconds: Self.end - 6 * Self.day).count == 1)
        #expect(watch.notices(nowSeconds: Self.end - 60 * Self.day).isEmpty)
        #expect(watch.notices(nowSeconds: Self.end - 6 * Self.day).isEmpty)
    }

    @Test func eachCertificateIsWatchedByItself() {
        var watch = ExpiryWatch([
            certificate("a"), certificate("b", notAfterSeconds: Self.end + 20 * Self.day), certificate("c"),
        ])
        let notices = watch.notices(nowSeconds: Self.end - 11 * Self.day)
        #expect(notices.map(\.certificate.file) == ["a", "c"])
        #expect(watch.notices(nowSeconds: Self.end - 10 * Self.day).map(\.certificate.file) == ["b"])
    }

    @Test(arguments: [
        (30 * day, "expires within 30 days"), (7 * day - 1, "expires within 7 days"),
        (day + 1, "expires within 2 days"), (day, "expires within 24 hours"),
        (7200, "expires within 2 hours"), (3601, "expires within 2 hours"), (1, "expires within 1 hour"),
        (0, "expires within 1 hour"), (-1, "has expired, and clients refuse it"),
    ])
    func theLineSaysWhatWhenAndWhatToDo(secondsLeft: Int64, words: String) {
        let notice = ExpiryWatch.Notice(certificate: certificate(), secondsLeft: secondsLeft)
        #expect(notice.text == "the certificate for a \(words); renew it")
    }
}
