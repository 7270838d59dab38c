/// What a record holds (RFC 8446 section 5.1).
enum ContentType: UInt8 {
    case alert = 21
    case handshake = 22
    case applicationData = 23
}
