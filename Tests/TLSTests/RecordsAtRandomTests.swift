// Records of all kinds in any order, cut anywhere, for readers with much room and with little: what they come
// to is what a plain reading of the list comes to. The numbers follow from a seed, so what fails fails again.
import Bytes
import SeededGenerator
import Testing

@testable import TLS

struct RecordsAtRandomTests {
    /// What a peer sends in one record.
    private enum Sent: CaseIterable {
        case data, padded, empty, update, answeredUpdate, canceled, close, fatal, unknown, tooMuch, damaged
    }

    /// What is left of the records in the end.
    private struct Reading: Equatable {
        var plaintext: [UInt8] = []
        /// "open", "closed", or the alert by which it ends.
        var end = "open"
    }

    private static func secret(_ octet: String, _ suite: CipherSuite) -> TrafficSecret {
        let digits = Array(String(repeating: octet, count: suite.hashByteCount).utf8)
        return TrafficSecret(hexadecimal: digits.span)!
    }

    /// Seals records of which most are data, and says what they should come to.
    private static func make(
        _ suite: CipherSuite, _ numbers: inout SeededGenerator, into wire: inout Buffer
    ) -> Reading {
        var reading = Reading()
        var secret = secret("5a", suite)
        var cipher = RecordCipher(suite, secret, for: .sealing)
        var emptyCount = 0
        var updateSteps = 0
        func content(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &+ count) } }
        for _ in 0..<Int.random(in: 1...40, using: &numbers) {
            let kind =
                Bool.random(using: &numbers) ? Sent.data : Sent.allCases.randomElement(using: &numbers)!
            let count = [1, 2, 100, 5_000, 16_384].randomElement(using: &numbers)!
            let isDropped = reading.end != "open"
            var octets: [UInt8] = []
            var type = ContentType.applicationData.rawValue
            var end = "open"
            switch kind {
            case .data: octets = content(count)
            case .padded:
                octets = content(count / 2 + 1) + [type] + [UInt8](repeating: 0, count: count / 2)
                type = 0
            case .empty: break
            case .update, .answeredUpdate:
                octets = [24, 0, 0, 1, kind == .update ? 0 : 1]
                type = ContentType.handshake.rawValue
                updateSteps += kind == .update ? 3 : 5
                if updateSteps > PeerAllowance.stepCountMax { end = "none" }
            case .canceled: (octets, type) = ([1, 90], ContentType.alert.rawValue)
            case .close: (octets, type, end) = ([1, 0], ContentType.alert.rawValue, "closed")
            case .fatal: (octets, type, end) = ([2, 40], ContentType.alert.rawValue, "none")
            case .unknown: (octets, type, end) = ([1, 2, 3], 99, "unexpectedMessage")
            case .tooMuch: (octets, end) = (content(16_385), "recordOverflow")
            case .damaged: (octets, end) = (content(count), "badRecordMAC")
            }
            if [.empty, .canceled].contains(kind) {
                emptyCount += 1
                if emptyCount > 32 { end = "unexpectedMessage" }
            } else if kind == .data || kind == .padded {
                emptyCount = 0
            }
            let start = wire.count
            precondition(cipher.seal(octets.span, as: type, into: &wire))
            if kind == .damaged {
                var record = wire.octets.extracting(start..<wire.count).copied()
                record[Int.random(in: 5..<record.count, using: &numbers)] ^=
                    1 << UInt8.random(in: 0..<8, using: &numbers)
                wire.overwrite(at: start, with: record.span)
            }
            if kind == .update || kind == .answeredUpdate {
                secret = secret.next(suite: suite)
                cipher = RecordCipher(suite, secret, for: .sealing)
            }
            if isDropped { continue }
            if kind == .data { reading.plaintext += octets }
            if kind == .padded { reading.plaintext += content(count / 2 + 1) }
            reading.end = end
        }
        return reading
    }

    /// Reads in pieces, and takes out what was decrypted whenever there is no more room.
    private static func read(
        _ wire: borrowing Buffer, _ suite: CipherSuite, _ numbers: inout SeededGenerator, pieceMax: Int,
        room: Int
    ) -> Reading {
        var records = ProtectedRecords(
            suite, receiving: secret("5a", suite), sending: secret("a5", suite), recordsSent: 0)
        var permits = ProtectedRecords.Permits(stepsLeft: PeerAllowance.stepCountMax, mayReply: true)
        var ciphertext = Buffer()
        var plaintext = Buffer()
        var replies = Buffer()
        var reading = Reading()
        var start = 0
        while start < wire.count {
            let end = min(wire.count, start + Int.random(in: 1...pieceMax, using: &numbers))
            ciphertext.append(copying: wire.octets.extracting(start..<end))
            start = end
            var isFull = true
            while isFull {
                isFull = false
                do throws(RecordFault) {
                    switch try records.receive(
                        &ciphertext, into: &plaintext, plaintextMax: room, replies: &replies, &permits)
                    {
                    case .usedUp: break
                    case .full: isFull = true
                    case .closedByPeer: reading.end = "closed"
                    }
                } catch {
                    reading.end = error.alert.map { "\($0)" } ?? "none"
                }
                precondition(plaintext.count <= room, "more than there was room for")
                reading.plaintext += plaintext.octets.copied()
                plaintext.removeAll()
                if reading.end != "open" { return reading }
            }
        }
        return reading
    }

    @Test(arguments: [0x1301, 0x1302, 0x1303] as [UInt16])
    func everyReadingIsThePlainOne(number: UInt16) {
        let suite = CipherSuite(number: number)!
        var ends: Set<String> = []
        for seed in UInt64(1)...80 {
            var numbers = SeededGenerator(seed: seed)
            var wire = Buffer()
            let expected = Self.make(suite, &numbers, into: &wire)
            ends.insert(expected.end)
            for (pieceMax, room) in [(1 << 20, 1 << 20), (20_000, 1 << 20), (40_000, 3_000), (700, 20_000)] {
                let reading = Self.read(wire, suite, &numbers, pieceMax: pieceMax, room: room)
                let isSame = reading == expected
                #expect(isSame, "seed \(seed): \(reading.end), and not \(expected.end)")
            }
        }
        #expect(ends == ["open", "closed", "none", "unexpectedMessage", "recordOverflow", "badRecordMAC"])
    }
}
