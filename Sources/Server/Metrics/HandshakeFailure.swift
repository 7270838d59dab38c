import TLS

/// Why a TLS handshake failed, as far as metrics tell it apart.
enum HandshakeFailure: UInt8, CaseIterable {
    /// The client spoke plain HTTP.
    case plainHTTP
    /// No version in common.
    case version
    /// No cipher suite, group or signature in common, or an extension that is missing or wrong.
    case parameters
    /// The client's certificate was not accepted, or there should have been one.
    case certificate
    /// What came is no handshake, or a broken one.
    case malformed
    /// The client gave up, as it does where it doesn't trust the server's certificate.
    case client

    init(_ failure: TLSFailure) {
        guard let alert = failure.alertSent else {
            self = .client
            return
        }
        // The alerts' numbers are those of RFC 8446 section 6.
        switch alert {
        case 70: self = .version
        case 40, 47, 71, 86, 109, 110, 112, 120: self = .parameters
        case 41...46, 48, 49, 51, 113...116: self = .certificate
        default: self = .malformed
        }
    }

    var name: StaticString {
        switch self {
        case .plainHTTP: "plain-http"
        case .version: "version"
        case .parameters: "parameters"
        case .certificate: "certificate"
        case .malformed: "malformed"
        case .client: "client"
        }
    }
}
