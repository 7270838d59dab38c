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
        let octets = name.utf8.span
        guard let dash = octets.firstIndex(of: UInt8(ascii: "-")), octets.count >= dash + 65 else {
            return nil
        }
        let digits = octets.extracting(dash + 1..<dash + 65)
        let suffix = octets.extracting(dash + 65..<octets.count)
        let isGzip = suffix.isEqual(to: ".frame.gz")
        guard isGzip || suffix.isEqual(to: ".frame"), dash == 1 || octets[0] != UInt8(ascii: "0"),
            let start = octets.extracting(0..<dash).decimal(), let digest = Hex.octets(digits)
        else { return nil }
        for index in digits.indices where digits[index] < UInt8(ascii: "a") {
            if digits[index] > UInt8(ascii: "9") { return nil }
        }
        self.init(start: start, digest: digest, isGzip: isGzip)
    }

    /// Oldest first. Of one window there is one frame, but for what somebody has put there: then that of the
    /// lesser digest comes first.
    static func isOlder(_ name: FrameName, than other: FrameName) -> Bool {
        if name.start != other.start { return name.start < other.start }
        return name.digest.lexicographicallyPrecedes(other.digest)
    }

    var text: String {
        var octets: [UInt8] = []
        octets.reserveCapacity(Self.byteCountMax)
        octets.append(decimal: start)
        octets.append("-")
        octets.append(hex: digest.span)
        octets.append(isGzip ? ".frame.gz" : ".frame")
        return String(decoding: octets, as: UTF8.self)
    }

    /// 20 digits of 64 bits, a dash, 64 digits, the longer suffix.
    private static let byteCountMax = 20 + 1 + 64 + 9
}
