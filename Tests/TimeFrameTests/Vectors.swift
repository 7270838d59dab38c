// The golden files of Tests/Vectors, found beside this file, so that a fresh clone tests without anything
// else.
import Foundation
import TimeFrame

enum Vectors {
    static let validNames = [
        "channel-without-items", "empty", "interleaved-media", "many-channels", "max-timestamp", "one-json",
        "two-channels", "unicode-names", "zero-length-item",
    ]

    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Vectors")

    static func octets(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appendingPathComponent(path)))
    }

    static func names(in subfolder: String, ending: String) throws -> Set<String> {
        let path = folder.appendingPathComponent(subfolder).path
        return Set(
            try FileManager.default.contentsOfDirectory(atPath: path)
                .filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) })
    }

    static func valid(_ name: String, _ order: MetadataOrder) throws -> [UInt8] {
        try octets((order == .typeFirst ? "valid/" : "valid-id-first/") + name + ".frame")
    }

    /// The content as the JSON beside a valid frame tells it.
    static func content(_ name: String) throws -> FrameContent {
        try JSONDecoder().decode(Content.self, from: Data(octets("valid/\(name).json"))).frame
    }

    static func reasons() throws -> [String: String] {
        try JSONDecoder().decode([String: String].self, from: Data(octets("invalid/reasons.json")))
    }

    /// The JSON's shape; JSONDecoder takes base 64 for Data.
    private struct Content: Decodable {
        struct Channel: Decodable {
            struct Item: Decodable {
                let timestamp: UInt64
                let data: Data
            }
            let id: String
            let type: String
            let items: [Item]
        }
        let version: UInt16
        let startAt: UInt64
        let endAt: UInt64
        let channels: [Channel]

        var frame: FrameContent {
            FrameContent(
                startTimestamp: startAt, endTimestamp: endAt,
                channels: channels.map { channel in
                    FrameContent.Channel(
                        id: channel.id, type: channel.type,
                        items: channel.items.map { .init(timestamp: $0.timestamp, data: [UInt8]($0.data)) })
                })
        }
    }
}

/// A sink that keeps the pieces it gets, and can refuse to take more.
struct PieceCollector: FrameSink {
    struct Full: Error {}

    var pieces: [[UInt8]] = []
    var piecesMax = Int.max

    var octets: [UInt8] { Array(pieces.joined()) }

    mutating func write(_ octets: Span<UInt8>) throws {
        if pieces.count == piecesMax { throw Full() }
        var piece: [UInt8] = []
        for index in octets.indices { piece.append(octets[index]) }
        pieces.append(piece)
    }
}
