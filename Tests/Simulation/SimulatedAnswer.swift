// What a client reads in an answer, and whether that is the truth.
import Bytes
import HTTP

@testable import Server

/// An answer to a posting.
struct SimulatedAnswer {
    let status: UInt16
    /// Nil where the answer doesn't say.
    let acceptedCount: Int?
    let rejectedCount: Int
    private let location: UInt64?

    init(_ response: borrowing Response) {
        status = response.status
        let text = String(decoding: response.text, as: UTF8.self)
        acceptedCount = Self.number(behind: "\"accepted\":", in: text).map(Int.init)
        rejectedCount = Self.number(behind: "\"rejectedCount\":", in: text).map(Int.init) ?? 0
        let fields = String(decoding: response.fields.octets.copied(), as: UTF8.self)
        location = Self.number(behind: "Location: /", in: fields)
    }

    private static func number(behind name: String, in text: String) -> UInt64? {
        guard let start = text.firstRange(of: name)?.upperBound else { return nil }
        return UInt64(text[start...].prefix { $0.isNumber })
    }

    /// Compares it with what the log has said, item by item.
    func check(_ connection: SimulatedConnection) throws {
        let posting = connection.posting
        let mine = connection.sendings.compactMap { sending -> UInt64? in
            if case .accepted(let frame) = sending.state { frame } else { nil }
        }
        let isSuccess = status == 200 || status == 204
        if connection.sendings.contains(where: { $0.state == .unknown }) {
            throw wrong("comes before the log has decided", posting)
        }
        // What is accepted is what came first, so that a client can send the rest.
        if let putOff = connection.sendings.firstIndex(where: { $0.state == .putOff }),
            connection.sendings[putOff...].contains(where: { $0.state != .putOff && $0.state != .refused })
        {
            throw wrong(
                "is about items that were accepted behind one that was put off: "
                    + "\(connection.sendings.map(\.state))", posting)
        }
        let accepted = acceptedCount ?? (status == 204 ? posting.items.count : 0)
        guard let key = posting.key else {
            // Without a body the answer says that all is well with what came.
            let isCounted = acceptedCount != nil || connection.end == .whole
            if isCounted && accepted != mine.count {
                throw wrong("says \(accepted) accepted, of \(mine.count)", posting)
            }
            if !mine.isEmpty && location != mine.last { throw wrong("names another frame", posting) }
            if isSuccess && connection.end == .whole && accepted + rejectedCount != posting.items.count {
                throw wrong("accounts for \(accepted) and \(rejectedCount) items", posting)
            }
            return
        }
        // A body that was torn between two items is another, shorter one.
        if !isSuccess || connection.end != .whole || key.mayBeForgotten { return }
        // What earlier tries have stored counts too, also where nobody was told of it then.
        let known = posting.items.count { $0.acceptedCount > 0 }
        let doubtful = posting.items.filter { $0.acceptedCount == 0 && $0.unknownCount > 0 }
        if accepted < known || accepted > known + doubtful.count {
            throw wrong("says \(accepted) accepted, of \(known) and \(doubtful.count) in doubt", posting)
        }
        if accepted + rejectedCount != posting.items.count {
            throw wrong("accounts for \(accepted) and \(rejectedCount) items", posting)
        }
        let owed = posting.items.count { $0.isOwed }
        if accepted < owed {
            throw wrong("says \(accepted) accepted, of \(owed) that nobody refused", posting)
        }
        if accepted == known + doubtful.count { for item in doubtful { item.isAcknowledged = true } }
    }

    private func wrong(_ what: String, _ posting: Posting) -> Violation {
        Violation(description: "posting \(posting.number): the answer \(status) \(what)")
    }
}
