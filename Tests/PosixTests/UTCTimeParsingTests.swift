// Shows which texts are times by RFC 3339 and which moment each means, against moments worked out by date(1).
import Posix
import Testing

@Suite struct UTCTimeParsingTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2024-11-22T21:20:00Z", 1_732_310_400_000),
        ("2024-11-22t21:20:00.5z", 1_732_310_400_500), ("2024-11-22T21:20:00.1239Z", 1_732_310_400_123),
        ("2024-11-22T22:20:00+01:00", 1_732_310_400_000), ("2024-11-22T15:50:00-05:30", 1_732_310_400_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000), ("2016-12-31T23:59:60Z", 1_483_228_800_000),
    ])
    func aTimeIsAMoment(text: String, milliseconds: UInt64) {
        #expect(UTCTime.milliseconds(rfc3339: text) == milliseconds)
    }

    @Test(arguments: [
        "", "2024-11-22", "2024-11-22T21:20:00", "2024-11-22 21:20:00Z", "2024-13-22T21:20:00Z",
        "2023-02-29T00:00:00Z", "2024-11-22T24:20:00Z", "2024-11-22T21:20:00.Z", "2024-11-22T21:20:00+0100",
        "2024-11-22T21:20:00Zx", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "+024-11-22T21:20:00Z",
        "latest",
    ])
    func anythingElseIsNone(text: String) {
        #expect(UTCTime.milliseconds(rfc3339: text) == nil)
    }
}
