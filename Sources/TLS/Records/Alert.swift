import COpenSSL

/// Alerts that this side of TLS 1.3 sends or understands (RFC 8446 section 6).
enum Alert: UInt8 {
    case closeNotify = 0
    case unexpectedMessage = 10
    case badRecordMAC = 20
    case recordOverflow = 22
    case illegalParameter = 47
    case decodeError = 50
    case userCanceled = 90

    /// The level and the description. All are fatal but the two that say that the peer has no more to say.
    var octets: InlineArray<2, UInt8> {
        switch self {
        case .closeNotify, .userCanceled: [1, rawValue]
        default: [2, rawValue]
        }
    }

    /// The words for an alert's number, such as "bad record mac"; "unknown" for what OpenSSL doesn't know.
    static func words(for description: UInt8) -> String {
        // SAFETY: a constant of OpenSSL's (SSL_alert_desc_string_long(3)).
        unsafe String(cString: SSL_alert_desc_string_long(Int32(description)))
    }
}
