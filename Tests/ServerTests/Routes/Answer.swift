// Support for tests of the routes: what a client sees of a response, and that no field line is broken.

import Bytes
import HTTP
import Posix
import Testing

@testable import Server

/// A response as a client would see it, without what the connection adds.
struct Answer {
    let status: UInt16
    /// Name and value of each field line, in order.
    let fields: [(name: String, value: String)]
    let body: [UInt8]
    let failure: String?
    let isWithheld: Bool

    /// Records an issue where a field line is not `Name: value` of printable ASCII: so every test looks for
    /// injected lines.
    init(_ response: borrowing Response) {
        status = response.status
        failure = response.failure
        isWithheld = response.isWithheld
        var lines = response.block?.octets ?? []
        lines.append(copying: response.fields.octets)
        fields = Self.fields(of: String(decoding: lines, as: UTF8.self))
        body = Self.octets(of: response)
        let names = fields.map { $0.name.lowercased() }
        if Set(names).count != names.count { Issue.record("a field stands twice: \(names)") }
        if body.count != response.contentByteCount {
            Issue.record("the content has another length than it says")
        }
    }

    private static func fields(of lines: String) -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        var rest = Array(lines.utf8)[...]
        while !rest.isEmpty {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\r")), rest[end...].starts(with: "\r\n".utf8),
                let colon = rest[..<end].firstIndex(of: UInt8(ascii: ":")),
                rest[colon...].starts(with: ": ".utf8),
                rest[..<end].allSatisfy({ 0x20...0x7E ~= $0 })
            else {
                Issue.record("broken field lines: \(lines)")
                break
            }
            let name = String(decoding: rest[..<colon], as: UTF8.self)
            fields.append((name, String(decoding: rest[(colon + 2)..<end], as: UTF8.self)))
            rest = rest[(end + 2)...]
        }
        return fields
    }

    private static func octets(of response: borrowing Response) -> [UInt8] {
        var octets: [UInt8] = []
        switch response.content {
        case .none: break
        case .text: octets += response.text
        case .shared(let shared, let range): octets += shared[range]
        case .mapped(let file, let range): octets.append(copying: file.octets.extracting(range))
        case .parts(let parts):
            for part in parts {
                switch part {
                case .text(let range): octets += response.text[range]
                case .shared(let shared, let range): octets += shared[range]
                case .mapped(let file, let range): octets.append(copying: file.octets.extracting(range))
                }
            }
        }
        return octets
    }

    var text: String { String(decoding: body, as: UTF8.self) }

    subscript(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The name behind the prefix in a problem's `type`; nil where this is no problem.
    var problem: String? {
        guard self["Content-Type"] == "application/problem+json" else { return nil }
        let start = "{\"type\":\"urn:syncstreamer:problem:"
        guard text.hasPrefix(start), let end = text.dropFirst(start.count).firstIndex(of: "\"") else {
            return nil
        }
        return String(text.dropFirst(start.count)[..<end])
    }
}
