// How a time of the clock is written.

import Bytes
import Posix
import Testing

@Suite struct UTCTimeTests {
    @Test func theCommonLogForm() {
        func text(_ seconds: UInt64) -> String? {
            var octets: [UInt8] = []
            UTCTime(milliseconds: seconds * 1000 + 999).appendCommonLogForm(to: &octets)
            return String(validating: octets, as: UTF8.self)
        }
        #expect(text(0) == "01/Jan/1970:00:00:00 +0000")
        #expect(text(951_782_400) == "29/Feb/2000:00:00:00 +0000")
        #expect(text(1_798_761_599) == "31/Dec/2026:23:59:59 +0000")
    }
}
