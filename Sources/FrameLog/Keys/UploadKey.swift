import Bytes

/// What a retry of an upload is told from a new upload by: 128 bits of a digest over who sends it, to which
/// channel, and the key that the client gave it.
package struct UploadKey: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    /// Takes the first 16 octets of a digest.
    ///
    /// - Parameter owner: what all keys of the same sender begin with instead: the beginning of a digest over
    ///   who that is.
    package init(digest: Span<UInt8>, owner: UInt32? = nil) {
        let beginning = digest.bigEndian(at: 0, as: UInt64.self)
        high = owner.map { UInt64($0) << 32 | beginning & 0xFFFF_FFFF } ?? beginning
        low = digest.bigEndian(at: 8, as: UInt64.self)
    }

    /// Who sends the upload, as far as 32 bits tell.
    var owner: UInt32 { UInt32(high >> 32) }
}

/// An item's place in an upload that has a key.
package struct KeyedPlace: Sendable, Equatable {
    /// The upload's key.
    package let key: UploadKey
    /// The claim under which the item is sent (`KeyClaim.number`).
    package let claim: UInt64
    /// The item's number in the body, from 0.
    package let index: UInt64
    /// Of the body up to this item and with it (`BodyDigest`).
    package let digest: UInt64

    /// Makes a place.
    package init(key: UploadKey, claim: UInt64, index: UInt64, digest: UInt64) {
        self.key = key
        self.claim = claim
        self.index = index
        self.digest = digest
    }
}

/// What is stored of an upload that has a key.
package struct UploadProgress: Sendable, Equatable {
    /// Items that are decided: the number of the last one stored, plus 1; 0 where none is.
    package internal(set) var through: UInt64 = 0
    /// Those of them that are stored; the others were refused.
    package internal(set) var storedCount: UInt64 = 0
    /// Of the body up to `through` (`BodyDigest`).
    package internal(set) var digest: UInt64 = 0
    /// The frame of the last one.
    package internal(set) var lastFrame: UInt64 = 0
    /// Where the upload came to its end with all its items decided; nil where that isn't known.
    package internal(set) var end: UploadEnd?

    /// How many items are not to be sent any more.
    package var decidedCount: UInt64 { end?.itemCount ?? through }
}

/// The end of an upload that has a key.
package struct UploadEnd: Sendable, Equatable {
    /// The items of its body.
    package let itemCount: UInt64
    /// Of the whole body (`BodyDigest.whole`).
    package let digest: UInt64
}

/// The right to send the rest of an upload: the latest claim of a key is good, and those before it are no
/// more.
package struct KeyClaim: Sendable, Equatable {
    /// Goes with each item of the rest.
    package let number: UInt64
    /// What is stored already, and durable.
    package let progress: UploadProgress
}

/// A digest of a body as far as it was read: of all its octets, item by item, in whatever pieces they come.
/// It tells another body from the same one, by accident or mistake, with 2^-32 of a chance to be wrong for
/// one item that differs.
package struct BodyDigest: Sendable {
    /// Of everything up to the end of the last item.
    package private(set) var value: UInt64

    /// What was read behind it.
    private var rest = CRC32C()
    private var restByteCount = 0

    /// - Parameter seed: of what else must be the same.
    package init(seed: Span<UInt8>) {
        value = UInt64(CRC32C.checksum(seed))
    }

    /// Reads on.
    package mutating func read(_ octets: Span<UInt8>) {
        rest.update(octets)
        restByteCount += octets.count
    }

    /// What was read last is the end of an item.
    package mutating func endItem() {
        mix(UInt64(rest.value) << 32 | UInt64(UInt32(truncatingIfNeeded: restByteCount)))
        rest = CRC32C()
        restByteCount = 0
    }

    /// Of everything that was read.
    package var whole: UInt64 {
        var ended = self
        ended.endItem()
        return ended.value
    }

    /// The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), which mixes all bits.
    private mutating func mix(_ word: UInt64) {
        value = (value ^ word) &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        value ^= value >> 31
    }
}
