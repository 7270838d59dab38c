// What was promised, held against what the frames say.
import FrameLog
import SimulatedStorage
import Testing
import TimeFrame

extension Rig {
    /// The numbers of the items of a frame in either order, channel after channel.
    func numbers(in octets: [UInt8]) throws -> [Int] {
        let content =
            try (try? FrameContent(decoding: octets.span))
            ?? FrameContent(decoding: octets.span, order: .idFirst)
        return content.channels.flatMap { channel in
            channel.items.map { item in
                Int(String(decoding: item.data.prefix { $0 != 32 }, as: UTF8.self))!
            }
        }
    }

    /// The octets of all frames in the store.
    func storedOctets() throws -> [UInt64: [UInt8]] {
        var frames: [UInt64: [UInt8]] = [:]
        for frame in store.frames {
            let octets = try #require(disk.octets(of: "data/frames/" + name(of: frame)))
            frames[frame.startTimestamp] = octets
        }
        return frames
    }

    /// The numbers of all items in frames.
    func stored() throws -> [Int] { try storedOctets().values.flatMap { try numbers(in: $0) } }

    /// Ends all windows that an item may be in.
    func end() {
        now = max(now, ingest.clockFloor)
        pass(milliseconds: 3 * settings.frameDurationMilliseconds + settings.latenessMilliseconds)
    }

    /// Ends all windows, and checks every promise against the frames.
    func checkPromises(_ context: String = "", sourceLocation: SourceLocation = #_sourceLocation) throws {
        end()
        let broken = try brokenPromises()
        #expect(broken == [], "\(context)", sourceLocation: sourceLocation)
    }

    private func brokenPromises() throws -> [String] {
        var broken: [String] = []
        var frames = try storedOctets()
        for (start, octets) in published {
            // What retention has removed was there once, as whoever fetched it will say.
            if store.wasRetired(id: start) {
                if frames[start] != nil { broken.append("frame \(start) was removed, and is back") }
                frames[start] = octets
            } else if frames[start] == nil {
                broken.append("frame \(start) is gone")
            } else if frames[start] != octets {
                broken.append("frame \(start) has two contents")
            }
        }
        var places: [Int: [UInt64]] = [:]
        for (start, octets) in frames {
            for number in try numbers(in: octets) { places[number, default: []].append(start) }
        }
        for (number, promise) in promises {
            let found = places.removeValue(forKey: number) ?? []
            let isKept =
                switch promise {
                case .accepted(let frame): found == [frame]
                case .refused: found.isEmpty
                case .none: found.count <= 1
                }
            if !isKept { broken.append("item \(number), promised \(promise), is in frames \(found)") }
        }
        for number in places.keys { broken.append("nobody has sent item \(number)") }
        return broken
    }
}
