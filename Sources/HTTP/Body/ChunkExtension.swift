/// Reads what may stand between a chunk's size and its line's end (RFC 9112 section 7.1.1), octet by octet:
/// `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`.
///
/// No extension means anything here. Their form is checked all the same, since a reader that takes another
/// octet for the line's end sees other chunks.
struct ChunkExtension {
    enum Step {
        case goesOn
        /// The octet is the CR that ends the line.
        case ended
        case malformed
    }

    private enum Place {
        case beforeSemicolon, beforeName, name, behindName, beforeValue, token, quoted, escaped, behindQuoted
    }

    /// So many octets a chunk; those clients that send any send short ones.
    private static let byteCountMax = 256

    private var place = Place.beforeSemicolon
    private var byteCount = 0

    mutating func take(_ octet: UInt8) -> Step {
        if octet == UInt8(ascii: "\r") {
            switch place {
            case .name, .token, .behindQuoted: return .ended
            default: return .malformed
            }
        }
        byteCount += 1
        guard byteCount <= Self.byteCountMax, let next = place(behind: octet) else { return .malformed }
        place = next
        return .goesOn
    }

    private func place(behind octet: UInt8) -> Place? {
        let isToken = OctetClass(of: octet).contains(.token)
        // Blanks are bad form that a recipient must nevertheless take (RFC 9110 section 5.6.3).
        let isBlank = FieldList.isBlank(octet)
        switch place {
        case .beforeSemicolon, .behindQuoted:
            if octet == UInt8(ascii: ";") { return .beforeName }
            return isBlank ? .beforeSemicolon : nil
        case .beforeName:
            if isToken { return .name }
            return isBlank ? .beforeName : nil
        case .name where isToken: return .name
        case .name, .behindName:
            if octet == UInt8(ascii: ";") { return .beforeName }
            if octet == UInt8(ascii: "=") { return .beforeValue }
            return isBlank ? .behindName : nil
        case .beforeValue:
            if isToken { return .token }
            if octet == UInt8(ascii: "\"") { return .quoted }
            return isBlank ? .beforeValue : nil
        case .token where isToken: return .token
        case .token:
            if octet == UInt8(ascii: ";") { return .beforeName }
            return isBlank ? .beforeSemicolon : nil
        case .quoted where octet == UInt8(ascii: "\""): return .behindQuoted
        case .quoted where octet == UInt8(ascii: "\\"): return .escaped
        case .quoted, .escaped: return OctetClass(of: octet).contains(.value) ? .quoted : nil
        }
    }
}
