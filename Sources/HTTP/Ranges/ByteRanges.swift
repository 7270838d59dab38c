import Bytes

/// What a Range field asks for (RFC 9110 section 14).
package enum RangeRequest: Sendable, Equatable {
    /// No range, an unknown unit, a malformed or an abusive set: the whole representation is sent.
    case whole
    /// In the order of the request.
    case ranges([Range<Int>])
    /// 416: no octet of it exists.
    case unsatisfiable
}

/// Reads Range fields (RFC 9110 section 14.2).
package enum ByteRanges {
    /// Enough for a player that fetches an index here and there; many small ranges are a way to make a server
    /// work (RFC 9110 section 17.15).
    package static let countMax = 16

    /// What a request's Range field asks for. Of requests other than GET it asks for nothing: section 14.2
    /// defines ranges for GET alone, and has HEAD ignore them.
    ///
    /// - Parameter byteCount: octets of the whole representation.
    package static func request(
        _ head: borrowing RequestHead, _ octets: Span<UInt8>, byteCount: Int
    ) -> RangeRequest {
        guard head.method == .get, let field = head.value(of: .range) else { return .whole }
        return request(octets.extracting(field), byteCount: byteCount)
    }

    /// Reads a field value such as `bytes=0-499,-500`.
    package static func request(_ value: Span<UInt8>, byteCount: Int) -> RangeRequest {
        guard value.count > 6, value.extracting(0..<6).isEqual(toLowercased: "bytes=") else { return .whole }
        var ranges: [Range<Int>] = []
        var count = 0
        var isValid = true
        FieldList.forEach(in: value.extracting(6..<value.count)) { spec in
            count += 1
            if count > countMax || !isValid { return }
            switch range(spec, byteCount: byteCount) {
            case .some(let range): if !range.isEmpty { ranges.append(range) }
            case .none: isValid = false
            }
        }
        if !isValid || count == 0 || count > countMax || hasOverlaps(ranges) { return .whole }
        return ranges.isEmpty ? .unsatisfiable : .ranges(ranges)
    }

    /// One range, empty where no octet of it exists; nil where it is malformed.
    private static func range(_ spec: Span<UInt8>, byteCount: Int) -> Range<Int>? {
        guard let dash = spec.firstIndex(of: UInt8(ascii: "-")) else { return nil }
        let last = spec.extracting(dash + 1..<spec.count)
        if dash == 0 {
            guard let suffix = position(last) else { return nil }
            return byteCount - min(suffix, byteCount)..<byteCount
        }
        guard let first = position(spec.extracting(0..<dash)) else { return nil }
        var end = byteCount
        if !last.isEmpty {
            guard let position = position(last), position >= first else { return nil }
            end = min(position + 1, byteCount)
        }
        return first < end ? first..<end : 0..<0
    }

    /// The value of any number of digits, which RFC 9110 sets no limit to; nil for anything else. Beyond
    /// `positionMax`, where no representation reaches, one is as good as another.
    private static func position(_ digits: Span<UInt8>) -> Int? {
        if digits.isEmpty { return nil }
        var value = 0
        for index in digits.indices {
            let digit = digits[index] &- UInt8(ascii: "0")
            if digit > 9 { return nil }
            value = min(value * 10 + Int(digit), positionMax)
        }
        return value
    }

    /// A tenth of what an integer holds, so that another digit fits on top.
    private static let positionMax = Int.max / 10 - 1

    private static func hasOverlaps(_ ranges: [Range<Int>]) -> Bool {
        if ranges.count < 2 { return false }
        let sorted = ranges.sorted { $0.lowerBound < $1.lowerBound }
        return zip(sorted, sorted.dropFirst()).contains { $0.upperBound > $1.lowerBound }
    }
}
