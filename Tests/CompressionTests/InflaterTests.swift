// Shows that gzip of any maker is inflated whole, however it is cut and however little room there is; that
// what was cut off and what was changed are told apart; and that bombs stop at the limits, with the output
// bounded all the way.
import Bytes
import Compression
import Foundation
import Testing

@Suite struct InflaterTests {
    /// All optional header fields of RFC 1952 (extra, name, comment, header CRC), made with Python's zlib: 20
    /// times {"cpu":0.25}.
    static let allFields = """
        H4sIHoD1QGcC/wgAQUIEAHd4eXpuYW1lLmpzb24AYSBjb21tZW50ACfcq1ZKLihVsjLQMzKtrR4BbABXBlE+8AAAAA==
        """

    private func whole(_ octets: [UInt8]) throws -> Inflated {
        var inflated = try Inflated([])
        inflated.octets = octets
        inflated.isWhole = true
        return inflated
    }

    @Test(arguments: [["-c1"], ["-c9"], ["-c6", "--no-name"]])
    func readsSystemGzip(arguments: [String]) throws {
        for octets in GzipEncoderTests.samples {
            #expect(try Inflated(systemGzip(arguments, octets)) == whole(octets))
        }
    }

    @Test func readsEveryHeaderFieldAtEveryCut() throws {
        let input = [UInt8](try #require(Data(base64Encoded: Self.allFields)))
        let expected = try whole(Array(String(repeating: "{\"cpu\":0.25}", count: 20).utf8))
        for cut in 0...input.count { #expect(try Inflated(input, cuts: [cut]) == expected) }
    }

    /// Members that end, and begin, at every octet of a piece, and with the cut inside any of them.
    @Test func membersFollowEachOtherAtEveryCut() throws {
        let parts = [Sample.readings(3), [], [0x61], Sample.noise(50)]
        let input = try parts.flatMap { try gzip($0) }
        let expected = try whole(Array(parts.joined()))
        for cut in 0...input.count { #expect(try Inflated(input, cuts: [cut]) == expected) }
        #expect(try Inflated(input, cuts: Array(0...input.count)) == expected)
    }

    @Test(arguments: [1, 2, 3, 100, 65_535, 65_536, 65_537])
    func anyRoomGivesTheSame(outputMax: Int) throws {
        let octets = Sample.readings(6000)
        let input = try gzip(octets) + gzip(Sample.noise(10))
        let expected = try whole(octets + Sample.noise(10))
        #expect(octets.count > 2 * 65_536)
        #expect(try Inflated(input, outputMax: outputMax) == expected)
        #expect(try Inflated(input, cuts: [1, 11, input.count / 2], outputMax: outputMax) == expected)
    }

    @Test func whatWasCutOffIsNeitherWholeNorCorrupt() throws {
        let octets = Sample.readings(50)
        let first = try gzip(octets)
        let input = try first + gzip(octets)
        for count in 0..<input.count {
            let inflated = try Inflated(Array(input.prefix(count)))
            #expect(inflated.state == .needsInput)
            #expect(inflated.isWhole == (count == first.count))
            #expect((octets + octets).starts(with: inflated.octets))
        }
    }

    /// Any bit of a member may turn. Some carry no meaning (the time, the level and the system in the header,
    /// the padding behind the last block): the octets are the same then. All others are refused, or leave an
    /// end missing.
    @Test func whatWasChangedIsNeverWhole() throws {
        let octets = Sample.readings(20)
        let input = try gzip(octets)
        var bitsWithoutMeaning = 0
        for position in input.indices {
            for bit in 0..<8 {
                var changed = input
                changed[position] ^= 1 << bit
                let inflated = try Inflated(changed)
                if inflated.isWhole {
                    bitsWithoutMeaning += 1
                    #expect(inflated.octets == octets, "octet \(position), bit \(bit)")
                }
            }
        }
        // Octets 4 to 9 and the text flag are such in every file; the padding and unused codes add a few.
        #expect((49..<64).contains(bitsWithoutMeaning))
    }

    @Test func saysWhatIsCorrupt() throws {
        let input = try gzip(Sample.readings(20))
        var changed = input
        changed[input.count - 8] ^= 1
        #expect(try Inflated(changed).state == .corrupt("incorrect data check"))
        changed = input
        changed[input.count - 1] ^= 1
        #expect(try Inflated(changed).state == .corrupt("incorrect length check"))
        for other in ["GET / HTTP/1.1", "{}", "\u{78}\u{9C}", "\u{1F}\u{1F}"] {
            #expect(try Inflated(Array(other.utf8)).state == .corrupt("incorrect header check"))
        }
        #expect(try Inflated(input + [0]).state == .needsInput)
        #expect(try Inflated(input + [0]).isWhole == false)
        #expect(try Inflated(input + [0, 0]).state == .corrupt("incorrect header check"))
    }

    @Test func takesNothingAfterAFailure() throws {
        var inflater = try Inflater(limits: InflateLimits(byteCountMax: 10))
        var output = Buffer()
        let wrong = inflater.inflate([1, 2, 3].span, into: &output, outputMax: 10)
        #expect(wrong.state == .corrupt("incorrect header check"))
        let good = try gzip([1])
        let after = inflater.inflate(good.span, into: &output, outputMax: 10)
        #expect(after.consumed == 0 && after.state == wrong.state && output.isEmpty)
    }
}

@Suite struct InflateLimitTests {
    @Test func theLastOctetWithinTheLimitIsAllowed() throws {
        let octets = Sample.readings(5000)
        let input = try gzip(octets)
        for outputMax in [1000, 65_536, Int.max] {
            let limit = UInt64(octets.count)
            let exact = try Inflated(input, outputMax: outputMax, limits: InflateLimits(byteCountMax: limit))
            #expect(exact.isWhole && exact.octets == octets)
            let less = try Inflated(
                input, outputMax: outputMax, limits: InflateLimits(byteCountMax: limit - 1))
            #expect(!less.isWhole && less.state == .tooLarge && less.octets == octets.dropLast())
        }
    }

    @Test func nothingAllowedIsStillAnEmptyFile() throws {
        let limits = InflateLimits(byteCountMax: 0)
        #expect(try Inflated(gzip([]), limits: limits).isWhole)
        let inflated = try Inflated(gzip([1]), limits: limits)
        #expect(inflated.state == .tooLarge && inflated.octets.isEmpty)
    }

    /// The limit is on all members together.
    @Test func membersDoNotStepAroundTheLimit() throws {
        let input = try [UInt8]((0..<100).flatMap { _ in try gzip([1, 2, 3]) })
        #expect(try Inflated(input, limits: InflateLimits(byteCountMax: 300)).isWhole)
        #expect(try Inflated(input, limits: InflateLimits(byteCountMax: 299)).state == .tooLarge)
    }

    /// 64 MiB of zeros in 64 KiB of gzip: stopped by its density, at the same place however it is cut, long
    /// before its size.
    @Test func aBombStopsByItsDensity() throws {
        let bomb = try gzip([UInt8](repeating: 0, count: 64 << 20), level: 9)
        #expect(bomb.count < 70_000)
        let limits = InflateLimits(byteCountMax: 1 << 30, ratioMax: 200)
        let stopped = try Inflated(bomb, limits: limits)
        #expect(stopped.state == .tooDense && stopped.octets.count <= 256 * 1024)
        for cuts in [[1], [20], Array(0..<1000)] {
            for outputMax in [1000, 65_536] {
                #expect(try Inflated(bomb, cuts: cuts, outputMax: outputMax, limits: limits) == stopped)
            }
        }
        let loose = InflateLimits(byteCountMax: 1 << 20, ratioMax: 2000)
        #expect(try Inflated(bomb, limits: loose).state == .tooLarge)
        #expect(try Inflated(bomb, limits: loose).octets.count == 1 << 20)
    }

    /// What compresses well and is small enough is no bomb.
    @Test func sixtyFourKibibytesAreFreeOfTheRatio() throws {
        let zeros = [UInt8](repeating: 0, count: 65_536)
        #expect(
            try Inflated(gzip(zeros, level: 9), limits: InflateLimits(byteCountMax: 65_536, ratioMax: 1))
                .isWhole)
    }
}
