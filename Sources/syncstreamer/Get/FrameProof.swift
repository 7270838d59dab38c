import Bytes
import HTTPClient
import TimeFrame

/// Whether what came is the frame that the server has.
enum FrameProof {
    /// Digits of the digest that an entity tag has at least; fewer would prove little. This server's have as
    /// many.
    private static let tagDigitCountMin = 32

    /// Checks the octets' digest against the response's Repr-Digest and ETag, as far as it has them.
    ///
    /// - Returns: whether it had one.
    /// - Throws: `CommandFailure` where they differ.
    static func check(_ digest: [UInt8], against response: HTTPResponse, url: String) throws -> Bool {
        var isProved = false
        if let field = response.value(of: "repr-digest"), let wanted = encodedDigest(in: field) {
            if wanted != Base64.text(digest.span) { throw mismatch(url, "Repr-Digest") }
            isProved = true
        }
        if let field = response.value(of: "etag"), let wanted = tag(in: field) {
            if !Hex.text(digest.span).hasPrefix(wanted) { throw mismatch(url, "ETag") }
            isProved = true
        }
        return isProved
    }

    /// Checks that the octets are a frame, and the one whose id was asked for.
    static func check(_ octets: Span<UInt8>, id: String, url: String) throws {
        let reader: FrameReader
        do throws(FrameError) {
            reader = try FrameReader(inEitherOrder: octets)
        } catch {
            throw CommandFailure("\(url) is no frame: \(error)")
        }
        let start = String(reader.header.startTimestamp)
        if start != id { throw CommandFailure("\(url) is frame \(start) and not the one asked for") }
    }

    /// The base 64 of `sha-256=:…:` in a Repr-Digest field (RFC 9530 section 3, RFC 8941 section 3.3.5).
    static func encodedDigest(in field: String) -> String? {
        for member in field.split(separator: ",") {
            let text = member.drop { $0 == " " || $0 == "\t" }
            guard text.hasPrefix("sha-256=:"), let end = text.dropFirst(9).firstIndex(of: ":") else {
                continue
            }
            return String(text.dropFirst(9)[..<end])
        }
        return nil
    }

    /// The digits of the digest in an entity tag. A cache may have made the tag weak; a tag of another kind
    /// is nil.
    static func tag(in field: String) -> String? {
        let text = field.hasPrefix("W/") ? field.dropFirst(2) : field[...]
        guard text.count >= tagDigitCountMin + 2, text.hasPrefix("\""), text.hasSuffix("\"") else {
            return nil
        }
        let digits = text.dropFirst().dropLast()
        return digits.utf8.allSatisfy { Hex.value($0) != nil } ? digits.lowercased() : nil
    }

    /// The entity tag of a frame with that SHA-256.
    static func tag(of digest: [UInt8]) -> String {
        "\"\(Hex.text(digest.span).prefix(tagDigitCountMin))\""
    }

    private static func mismatch(_ url: String, _ field: String) -> CommandFailure {
        CommandFailure("\(url) is not what its \(field) says: it was changed or cut on the way; get it again")
    }
}
