// What was promised to the simulated clients, and what is found in the frames.
import Bytes
import FrameLog
import TimeFrame

/// What was promised is not kept.
struct Violation: Error, CustomStringConvertible {
    let description: String
}

/// Every item that was ever sent, every frame that was ever seen, and the rules that hold between them.
struct Account {
    private(set) var postings: [Posting] = []
    /// The octets of every frame that a client could have read, by id.
    private(set) var frames: [UInt64: [UInt8]] = [:]
    private var items: [[UInt8]: (posting: Posting, item: PostedItem)] = [:]
    /// The end of the newest frame.
    private var newestEnd: UInt64 = 0

    mutating func add(_ posting: Posting) {
        postings.append(posting)
        for item in posting.items { items[item.octets] = (posting, item) }
    }

    /// The item with these octets, which the log was given.
    func item(with octets: [UInt8]) throws -> PostedItem {
        guard let found = items[octets] else {
            throw Violation(description: "the log was given an item that nobody sent: \(text(octets))")
        }
        return found.item
    }

    /// The log has accepted an item.
    func checkAcceptance(in frame: UInt64) throws {
        if frames[frame] != nil {
            throw Violation(description: "an item was accepted for frame \(frame), which is sealed")
        }
    }

    /// Looks at a frame that clients can read, unless it is known.
    mutating func see(_ frame: UInt64, _ octets: [UInt8]) throws {
        if let before = frames[frame] {
            if before != octets { throw Violation(description: "frame \(frame) has two contents") }
            return
        }
        frames[frame] = octets
        let content: FrameContent
        do {
            content = try FrameContent(decoding: octets.span)
        } catch {
            throw Violation(description: "frame \(frame) can't be read: \(error)")
        }
        if content.startTimestamp != frame {
            throw Violation(description: "frame \(frame) has another start")
        }
        newestEnd = max(newestEnd, content.endTimestamp)
        for channel in content.channels {
            for (index, item) in channel.items.enumerated() {
                try place(item, of: channel, at: index, in: frame)
            }
        }
        // Its items can come in no other frame, so those it must have are judged at once.
        for posting in postings {
            for item in posting.items {
                let promised = item.sendings.count { $0.state == .accepted(frame: frame) }
                if promised > 0 && item.places.count(where: { $0.frame == frame }) < promised {
                    throw lost(item, "is missing in frame \(frame)")
                }
            }
        }
    }

    private func place(
        _ found: FrameContent.Item, of channel: FrameContent.Channel, at index: Int, in frame: UInt64
    ) throws {
        guard let (posting, item) = items[found.data] else {
            throw Violation(description: "frame \(frame) has an item that nobody sent: \(text(found.data))")
        }
        item.places.append((frame, index))
        if channel.id != Array(posting.channel.utf8) || channel.type != Array(posting.form.channelType.utf8) {
            throw lost(item, "is in frame \(frame) in another channel, or as another type")
        }
        if !item.sendings.contains(where: { $0.timestamp == found.timestamp }) {
            throw lost(item, "is in frame \(frame) with the time \(found.timestamp), which it never had")
        }
        if item.places.count > item.acceptedCount + item.unknownCount {
            throw lost(item, "is in a frame, and was refused or is there already")
        }
        if let key = posting.key, !key.mayBeForgotten, item.places.count > 1 {
            throw lost(item, "has a key, and is stored twice")
        }
    }

    /// No frame older than the newest can come, so what was promised for one of those is there.
    func checkPast(storedThrough: UInt64) throws {
        for posting in postings {
            for item in posting.items {
                for sending in item.sendings {
                    if case .accepted(let frame) = sending.state, frame < storedThrough, frames[frame] == nil
                    {
                        throw lost(item, "was accepted for frame \(frame), which will never be")
                    }
                }
            }
        }
    }

    /// Everything is stored that will ever be.
    func checkEnd() throws {
        for posting in postings {
            for item in posting.items {
                for sending in item.sendings {
                    guard case .accepted(let frame) = sending.state else { continue }
                    if !item.places.contains(where: { $0.frame == frame }) {
                        throw lost(item, "was accepted for frame \(frame), and is not there")
                    }
                }
                let least = max(item.acceptedCount, item.isAcknowledged ? 1 : 0)
                if item.places.count < least { throw lost(item, "was acknowledged, and is in no frame") }
            }
            try checkOrder(of: posting)
        }
    }

    /// What the server stamped of one upload stands in its order.
    private func checkOrder(of posting: Posting) throws {
        if posting.attemptCount > 1 && posting.key?.mayBeForgotten ?? true { return }
        var last: (frame: UInt64, index: Int)?
        for item in posting.items where item.timestamp == nil {
            guard item.places.count == 1, let place = item.places.first else { continue }
            if let last, place <= last { throw lost(item, "stands before what was sent before it") }
            last = place
        }
    }

    private func lost(_ item: PostedItem, _ what: String) -> Violation {
        Violation(
            description: "\(text(item.octets)) \(what); promised: \(item.sendings.map(\.state)), "
                + "found in: \(item.places.map(\.frame))")
    }

    private func text(_ octets: [UInt8]) -> String { String(decoding: octets.prefix(30), as: UTF8.self) }
}
