/// A message that breaks HTTP's rules or a limit. It is answered with `status`, and the connection ends,
/// since where a next request would begin is not known for sure (RFC 9112 section 9.6).
package struct RequestFault: Error, Sendable, Equatable {
    package let status: UInt16
    /// What was wrong, for the answer's `detail`. Never anything of the request.
    package let reason: StaticText

    /// A fault that is answered with `status`, 4xx or 5xx.
    package init(_ status: UInt16, _ reason: StaticString) {
        self.status = status
        self.reason = StaticText(reason)
    }
}

/// A literal that can be compared.
package struct StaticText: Sendable, Equatable, CustomStringConvertible {
    package let literal: StaticString

    init(_ literal: StaticString) {
        self.literal = literal
    }

    package var description: String { literal.description }

    package static func == (first: StaticText, second: StaticText) -> Bool {
        first.description == second.description
    }
}
