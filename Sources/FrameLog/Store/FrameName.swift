import Bytes

/// The file name of a frame, which says all that the store has to know of it: `1732310400000-<64
/// digits>.frame`, with `.gz` behind it for the gzip form.
///
/// The digits are the whole SHA-256 of the content, not the half that the ETag shows, since `Repr-Digest`
/// needs it after a restart, and reading every frame then would take minutes.
struct FrameName: Equatable {
    let start: UInt64
    /// 32 octets.
    let digest: [UInt8]
    let isGzip: Bool

    init(start: UInt64, digest: [UInt8], isGzip: Bool = false) {
        precondition(digest.count == 32, "SHA-256 has 32 octets")
        self.start = start
        self.digest = digest
        self.isGzip = isGzip
    }

    /// Reads a file name, or returns nil where it isn't one of a frame as this program writes it.
    init?(_ name: String) {
        let octets = Array(name.utf8)
        guard let dash = octets.firstIndex(of: UInt8(ascii: "-")), octets.count >= dash + 65 else {
            return nil
        }
        let suffix = octets[(dash + 65)...]
        guard let start = octets.span.extracting(0..<dash).decimal(),
            let digest = Hex.octets(octets.span.extracting(dash + 1..<dash + 65)),
            suffix.elementsEqual(".frame".utf8) || suffix.elementsEqual(".frame.gz".utf8)
        else { return nil }
        self.init(start: start, digest: digest, isGzip: suffix.count > 6)
        if text != name { return nil }
    }

    var text: String { "\(start)-\(Hex.text(digest.span)).frame" + (isGzip ? ".gz" : "") }
}
