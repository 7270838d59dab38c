// Stands in for what a store takes from the cryptographic and compression libraries.
package import Bytes
package import FrameLog

/// Stands in for SHA-256: 32 octets that differ where the content does.
package struct MixedDigest: ContentDigest, ~Copyable {
    private var lanes: [UInt64] = [1, 2, 3, 4]

    package init() {}

    package mutating func update(_ octets: Span<UInt8>) {
        for index in octets.indices {
            for lane in 0..<4 {
                lanes[lane] = (lanes[lane] ^ UInt64(octets[index])) &* (0x100_0000_01B3 + UInt64(lane) * 2)
            }
        }
    }

    package mutating func finish() -> [UInt8] {
        var octets: [UInt8] = []
        for lane in lanes { octets.append(bigEndian: lane) }
        return octets
    }
}

/// Stands in for gzip: each run of equal octets becomes its length and the octet.
package struct RunCoding: ContentCoding, ~Copyable {
    private var octet: UInt8 = 0
    private var count: UInt8 = 0

    package init() {}

    package mutating func update(_ octets: Span<UInt8>, into coded: inout Buffer) {
        for index in octets.indices {
            if count > 0 && count < 255 && octets[index] == octet {
                count += 1
            } else {
                flush(into: &coded)
                octet = octets[index]
                count = 1
            }
        }
    }

    package mutating func finish(into coded: inout Buffer) { flush(into: &coded) }

    private mutating func flush(into coded: inout Buffer) {
        if count > 0 {
            coded.append(count)
            coded.append(octet)
        }
        count = 0
    }
}

/// Undoes `RunCoding`.
package struct RunDecoding: ContentDecoding, ~Copyable {
    private let byteCountMax: UInt64
    private var count: UInt8?
    private var total: UInt64 = 0
    package var isWhole: Bool { count == nil }

    package init(byteCountMax: UInt64) { self.byteCountMax = byteCountMax }

    package mutating func update(
        _ coded: Span<UInt8>, into content: inout Buffer
    ) -> (consumed: Int, hasMore: Bool)? {
        for index in coded.indices {
            if let count {
                for _ in 0..<count { content.append(coded[index]) }
                total += UInt64(count)
                if total > byteCountMax { return nil }
                self.count = nil
            } else {
                count = coded[index]
            }
        }
        return (coded.count, false)
    }
}

/// Checks the frames of such a store.
package typealias SimulatedChecker = FrameChecker<SimulatedStorage, MixedDigest, RunDecoding>

/// A store on a simulated disk.
package typealias SimulatedStore = FrameStore<SimulatedStorage, MixedDigest, RunCoding>
