import ArgumentParser
import Bytes
import HTTPClient
import Posix

/// Which frame is meant: the latest, one by its id, or the one that covers a moment.
enum FrameSelector: OptionValue, Equatable {
    static let form = "a frame's id, 'latest', or a time such as 2026-11-23T10:36:56Z"

    case latest
    /// Decimal digits: an id, or else milliseconds since the UNIX epoch.
    case number(UInt64)
    case moment(milliseconds: UInt64)

    init?(argument: String) {
        let octets = Array(argument.utf8)
        if argument == "latest" {
            self = .latest
        } else if let number = octets.span.decimal() {
            self = .number(number)
        } else if let milliseconds = UTCTime.milliseconds(rfc3339: argument) {
            self = .moment(milliseconds: milliseconds)
        } else {
            return nil
        }
    }
}

/// An entry of a server's index.
struct IndexEntry: Equatable {
    let id: String
    let startAt: UInt64
    let endAt: UInt64

    /// The entries of `GET /frame`; nil where the octets are no index.
    static func entries(_ octets: Span<UInt8>) -> [IndexEntry]? {
        guard let elements = JSONValue(octets)?.elements else { return nil }
        let entries = elements.compactMap { element -> IndexEntry? in
            // In capitals where the server has --compat-go.
            guard let id = (element["id"] ?? element["Id"])?.text,
                let startAt = (element["startAt"] ?? element["StartAt"])?.natural,
                let endAt = (element["endAt"] ?? element["EndAt"])?.natural
            else { return nil }
            return IndexEntry(id: id, startAt: startAt, endAt: endAt)
        }
        return entries.count == elements.count ? entries : nil
    }
}

extension RemoteServer {
    /// The id of the newest frame.
    func latestFrame() throws -> String {
        guard let entry = try index(query: "limit=1").first else {
            throw CommandFailure("\(base.text) has no frame yet; the first is there when its time is over")
        }
        return entry.id
    }

    /// The id of the frame that covers a moment, or nil where there is none.
    func frame(at milliseconds: UInt64) throws -> String? {
        try index(query: "from=\(milliseconds)&to=\(milliseconds)")
            .first { $0.startAt <= milliseconds && milliseconds < $0.endAt }?.id
    }

    private func index(query: String) throws -> [IndexEntry] {
        let response = try get(["frame"], query: query)
        guard let entries = IndexEntry.entries(response.body.span) else {
            throw CommandFailure("\(base.url(["frame"])) is no index of frames; check --url")
        }
        return entries
    }
}
