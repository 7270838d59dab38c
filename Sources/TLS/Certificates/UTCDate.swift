import COpenSSL

/// Points in time as certificates write them (RFC 5280 section 4.1.2.5).
enum UTCDate {
    private static let secondsPerDay: Int64 = 86_400

    /// Seconds since the UNIX epoch; the epoch itself for a time that can't be read.
    static func seconds(of time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        // SAFETY: a new time, freed here; both times live until the call returns.
        let epoch = unsafe ASN1_TIME_set(nil, 0)
        defer { unsafe ASN1_TIME_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return 0 }
        return Int64(days) * secondsPerDay + Int64(seconds)
    }

    /// `Nov 23 12:00:00 2026 GMT`.
    static func text(_ seconds: Int64) -> String {
        let time = unsafe ASN1_TIME_set(nil, Int(seconds))
        defer { unsafe ASN1_TIME_free(time) }
        return String(decoding: unsafe PEM.octets { unsafe ASN1_TIME_print($0, time) }, as: UTF8.self)
    }
}
