import Bytes

/// What a scan found.
package enum HeadScan: Sendable, Equatable {
    /// The head's end is not there yet.
    case incomplete
    /// The head takes the first `byteCount` octets, its empty line included.
    case complete(byteCount: Int)
    case invalid(RequestFault)
}

/// Finds the end of a request's head (RFC 9112 section 2.1) among octets that may come one by one.
///
/// It remembers how far it has looked, so that n octets cost n steps however they are split, and what they
/// come to, with `RequestHead.parse` behind it, is the same for every split. What can be refused before the
/// end is: a line without end, a line that ends in a bare LF, a request line that is none.
package struct HeadScanner: Sendable {
    /// RFC 9112 section 2.2 asks to ignore at least one empty line before the request line.
    private static let emptyLinesMax = 2

    private let limits: RequestLimits
    /// Octets looked at.
    private var position = 0
    /// Where the current line begins.
    private var lineStart = 0
    /// Where the request line begins, behind empty lines.
    private var requestLineStart = 0
    /// Where the field section begins; 0 until the request line is whole.
    private var fieldsStart = 0
    private var fieldCount = 0
    private var isRequestLineChecked = false

    /// Makes a scanner for one head; `reset` makes it ready for the next.
    package init(limits: RequestLimits) {
        self.limits = limits
    }

    /// Makes it ready for the next head.
    package mutating func reset() {
        self = HeadScanner(limits: limits)
    }

    /// Looks on. `octets` begins with the head's first octet, and holds everything it held at the last call.
    package mutating func scan(_ octets: Span<UInt8>) -> HeadScan {
        while let end = octets.firstIndex(of: UInt8(ascii: "\n"), from: position) {
            position = end + 1
            // A field line without anything to remark on, which nearly every line is.
            if fieldsStart > 0, end > lineStart + 1, octets[end - 1] == UInt8(ascii: "\r"),
                position - fieldsStart <= limits.fieldSectionByteCountMax, fieldCount < limits.fieldCountMax
            {
                fieldCount += 1
            } else if let result = takeLine(octets) {
                return result
            }
            lineStart = position
        }
        position = octets.count
        return checkUnfinished(octets)
    }

    /// Judges the line from `lineStart` to `position`; nil where the next one is to be looked at.
    ///
    /// Size comes first: of a line that is too long and broken at its end, a scan of pieces sees only the
    /// size.
    private mutating func takeLine(_ octets: Span<UInt8>) -> HeadScan? {
        let byteCount = position - lineStart
        let isWhole = byteCount >= 2 && octets[position - 2] == UInt8(ascii: "\r")
        if fieldsStart == 0 {
            if byteCount > limits.requestLineByteCountMax { return .invalid(.requestLineTooLong) }
            if !isWhole { return .invalid(.bareLineFeed) }
            if byteCount > 2 {
                fieldsStart = position
            } else if lineStart == 2 * Self.emptyLinesMax {
                return .invalid(RequestFault(400, "A request must begin with a request line."))
            } else {
                requestLineStart = position
            }
            return nil
        }
        if isWhole && byteCount == 2 { return .complete(byteCount: position) }
        if position - fieldsStart > limits.fieldSectionByteCountMax { return fault(.fieldsTooLarge, octets) }
        if !isWhole { return fault(.bareLineFeed, octets) }
        fieldCount += 1
        if fieldCount > limits.fieldCountMax {
            return fault(.tooManyFields, octets)
        }
        return nil
    }

    /// Judges what can be judged of a head that has not ended.
    private mutating func checkUnfinished(_ octets: Span<UInt8>) -> HeadScan {
        if fieldsStart == 0 {
            return position - lineStart > limits.requestLineByteCountMax
                ? .invalid(.requestLineTooLong) : .incomplete
        }
        if !isRequestLineChecked {
            isRequestLineChecked = true
            if let fault = requestLineFault(octets) { return .invalid(fault) }
        }
        // The empty line may come on top of a section that is as large as it may be.
        let isTooLarge = position - fieldsStart > limits.fieldSectionByteCountMax + 2
        return isTooLarge ? .invalid(.fieldsTooLarge) : .incomplete
    }

    /// A fault of the request line comes before any other, whatever arrived first.
    private func fault(_ fault: RequestFault, _ octets: Span<UInt8>) -> HeadScan {
        if fieldsStart == 0 || isRequestLineChecked { return .invalid(fault) }
        return .invalid(requestLineFault(octets) ?? fault)
    }

    private func requestLineFault(_ octets: Span<UInt8>) -> RequestFault? {
        do {
            _ = try RequestLine(octets, from: requestLineStart)
            return nil
        } catch {
            return error
        }
    }
}

extension RequestFault {
    fileprivate static let bareLineFeed = RequestFault(400, "A line must end with CR LF.")
    static let requestLineTooLong = RequestFault(414, "The request line is too long; shorten the URL.")
    static let tooManyFields = RequestFault(431, "There are too many header fields.")
    static let controlCharacter = RequestFault(400, "A field value holds a control character.")
    static let fieldsTooLarge = RequestFault(
        431, "The header fields are too large; send fewer or shorter ones.")
}
