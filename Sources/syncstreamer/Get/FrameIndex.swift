import Bytes
import HTTPClient

/// An entry of a server's index.
struct IndexEntry: Equatable {
    let id: String
    let startAt: UInt64
    let endAt: UInt64

    /// The entries of `GET /frame`; nil where the octets are no index.
    static func entries(_ octets: Span<UInt8>) -> [IndexEntry]? {
        guard let elements = JSONValue(octets)?.elements else { return nil }
        let entries = elements.compactMap { IndexEntry($0) }
        return entries.count == elements.count ? entries : nil
    }
}

extension IndexEntry {
    /// One element of an index; nil for anything else.
    init?(_ element: JSONValue) {
        // In capitals where the server has --compat-go.
        guard let id = (element["id"] ?? element["Id"])?.text,
            let startAt = (element["startAt"] ?? element["StartAt"])?.natural,
            let endAt = (element["endAt"] ?? element["EndAt"])?.natural
        else { return nil }
        self.init(id: id, startAt: startAt, endAt: endAt)
    }
}

extension RemoteServer {
    /// The most entries asked for at once, so that an answer stays small however much a server keeps.
    static let pageEntriesMax = 1000

    /// The id of the newest frame.
    func latestFrame() throws -> String {
        guard let entry = try newestFrames(max: 1).first else {
            throw CommandFailure("\(base.text) has no frame yet; the first is there when its time is over")
        }
        return entry.id
    }

    /// The newest frames, the newest first.
    func newestFrames(max: Int, unless isCancelled: () -> Bool = { false }) throws -> [IndexEntry] {
        try index(query: "limit=\(max)", unless: isCancelled)
    }

    /// The id of the frame that covers a moment, or nil where there is none.
    func frame(at milliseconds: UInt64) throws -> String? {
        // The end is exclusive, and the moment may be the one in which a frame begins.
        let (end, isPastTime) = milliseconds.addingReportingOverflow(1)
        if isPastTime { return nil }
        return try index(query: "from=\(milliseconds)&to=\(end)")
            .first { $0.startAt <= milliseconds && milliseconds < $0.endAt }?.id
    }

    /// All frames that overlap a time, oldest first: 32 octets of memory each.
    func frames(in range: FrameRange, unless isCancelled: () -> Bool = { false }) throws -> [IndexEntry] {
        var entries: [IndexEntry] = []
        var end = range.to
        while true {
            let to = end.map { "&to=\($0)" } ?? ""
            let query = "from=\(range.from)\(to)&limit=\(Self.pageEntriesMax)"
            // Newest first. A server that knows nothing of queries answers with all that it has.
            let page = try index(query: query, unless: isCancelled)
            entries += page.filter { entry in
                entry.endAt > range.from && end.map { entry.startAt < $0 } ?? true
            }
            guard page.count == Self.pageEntriesMax, let oldest = page.last?.startAt, oldest > range.from,
                end.map({ oldest < $0 }) ?? true
            else { break }
            end = oldest
        }
        entries.reverse()
        return entries
    }

    private func index(query: String, unless isCancelled: () -> Bool = { false }) throws -> [IndexEntry] {
        let response = try get(["frame"], query: query, unless: isCancelled)
        guard let entries = IndexEntry.entries(response.body.span) else {
            throw CommandFailure("\(base.url(["frame"])) is no index of frames; check --url")
        }
        return entries
    }
}
