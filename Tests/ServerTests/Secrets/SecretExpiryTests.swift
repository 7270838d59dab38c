// The three ways to write an expiry, what is none, and the moment itself. The seconds were computed with
// `date -ud`.

import Bytes
import Testing

@testable import Server

@Suite struct SecretExpiryTests {
    @Test(arguments: [
        ("0", 0), ("1798761600", 1_798_761_600), ("2027-01-01", 1_798_761_600),
        ("2027-01-01T00:00:00Z", 1_798_761_600), ("2027-01-01t00:00:00z", 1_798_761_600),
        ("2027-01-01T01:30:00+01:30", 1_798_761_600), ("2026-12-31T19:00:00-05:00", 1_798_761_600),
        ("2027-01-01T00:00:00.999Z", 1_798_761_600), ("1970-01-01", 0),
        ("2024-02-29T12:34:56Z", 1_709_210_096),
        ("2000-02-29", 951_782_400), ("2016-12-31T23:59:60Z", 1_483_228_800),
        ("9999-12-31T23:59:59Z", 253_402_300_799),
    ])
    func isRead(text: String, seconds: UInt64) {
        #expect(read(text)?.secondsSinceEpoch == seconds)
    }

    @Test(arguments: [
        "", "soon", "2027-1", "2027-1-1", "2027-13-01", "2027-00-10", "2027-02-29", "2100-02-29",
        "2027-04-31",
        "2027-01-00", "1969-12-31", "2027-01-01T", "2027-01-01T00:00:00", "2027-01-01T24:00:00Z",
        "2027-01-01T00:60:00Z", "2027-01-01T00:00:61Z", "2027-01-01T00:00:00.Z", "2027-01-01T00:00:00+1:00",
        "2027-01-01T00:00:00+24:00", "2027-01-01 00:00:00Z", "2027-01-01T00:00:00Zx",
        "1970-01-01T00:00:00+00:01",
        "-1", "18446744073709551616",
    ])
    func isRefused(text: String) {
        #expect(read(text) == nil)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
        (1_709_210_096, "2024-02-29T12:34:56Z"),
        (1_798_761_599, "2026-12-31T23:59:59Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
        (253_402_300_800, "253402300800"),
    ])
    func isWritten(seconds: UInt64, text: String) {
        #expect(SecretExpiry(secondsSinceEpoch: seconds).text == text)
    }

    @Test func endsAtItsMoment() {
        let expiry = SecretExpiry(secondsSinceEpoch: 100)
        #expect(!expiry.isOver(nowMilliseconds: 99_999))
        #expect(expiry.isOver(nowMilliseconds: 100_000))
    }

    private func read(_ text: String) -> SecretExpiry? {
        SecretExpiry(Array(text.utf8).span)
    }
}
