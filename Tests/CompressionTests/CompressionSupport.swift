// What the tests of this target share: octets of different kinds, the system's gzip, and one-shot forms.
import Bytes
import Compression
import Foundation
import Testing

enum Sample {
    /// Octets that don't compress, the same in every run (xorshift64).
    static func noise(_ count: Int) -> [UInt8] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state >> 32)
        }
    }

    /// Text that compresses as readings do.
    static func readings(_ count: Int) -> [UInt8] {
        var text = ""
        for index in 0..<count { text += "{\"sensor\":\(index % 7),\"value\":\(index * 7919 % 1000)}\n" }
        return Array(text.utf8)
    }
}

/// Runs the system's gzip on `input` and gives what it writes.
func systemGzip(_ arguments: [String], _ input: [UInt8]) throws -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("gzip-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }  // A folder left over harms nothing.
    let (source, target) = (folder.appendingPathComponent("in"), folder.appendingPathComponent("out"))
    try Data(input).write(to: source)
    try Data().write(to: target)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip"] + arguments
    process.standardInput = try FileHandle(forReadingFrom: source)
    process.standardOutput = try FileHandle(forWritingTo: target)
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return [UInt8](try Data(contentsOf: target))
}

/// One gzip file of `octets`, given to the encoder in pieces.
func gzip(_ octets: [UInt8], level: Int = 6, pieceByteCount: Int = .max) throws -> [UInt8] {
    var encoder = try GzipEncoder(level: level)
    var output = Buffer()
    var position = 0
    while position < octets.count {
        let count = min(pieceByteCount, octets.count - position)
        encoder.update(octets.span.extracting(position..<position + count), into: &output)
        position += count
    }
    encoder.finish(into: &output)
    return output.octets.copied()
}

/// What came of a whole input, given in pieces that end at `cuts`.
struct Inflated: Equatable {
    var octets: [UInt8] = []
    var state = InflateState.needsInput
    var isWhole = false

    init(
        _ input: [UInt8], cuts: [Int] = [], outputMax: Int = .max,
        limits: InflateLimits = InflateLimits(byteCountMax: .max, ratioMax: 2000)
    ) throws {
        var inflater = try Inflater(limits: limits)
        var start = 0
        pieces: for end in cuts + [input.count] {
            while true {
                var output = Buffer()
                let step = inflater.inflate(
                    input.span.extracting(start..<end), into: &output, outputMax: outputMax)
                try #require(output.count <= outputMax)
                try #require(step.consumed <= end - start)
                octets += output.octets.copied()
                start += step.consumed
                state = step.state
                if state == .needsRoom { continue }
                if state != .needsInput { break pieces }
                try #require(start == end)
                break
            }
        }
        isWhole = inflater.isWhole
    }
}
