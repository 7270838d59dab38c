// The values of fields that are lists, dates and ranges: what is read of them lies within bounds, and a date
// that is written is read as the same.
import Bytes
import HTTP

/// The target `fields`.
func fuzzFieldValues(_ value: Span<UInt8>) {
    for byteCount in [0, 1, 10, 1000, Int.max] {
        guard case .ranges(let ranges) = ByteRanges.request(value, byteCount: byteCount) else { continue }
        require(!ranges.isEmpty && ranges.count <= ByteRanges.countMax, "there are some ranges, not too many")
        for range in ranges {
            require(!range.isEmpty && range.lowerBound >= 0, "a range has octets")
            require(range.upperBound <= byteCount, "a range lies in what there is")
        }
    }

    if let seconds = HTTPDate.seconds(value) {
        var date: [UInt8] = []
        HTTPDate.append(secondsSinceEpoch: seconds, to: &date)
        let again = HTTPDate.seconds(date.span)
        // 9999-12-31T23:59:60Z is a leap second behind the last date that can be written.
        require(again == seconds || seconds == 253_402_300_800, "a date is read as it was written")
    }

    var memberCount = 0
    FieldList.forEach(in: value) { member in
        memberCount += 1
        require(!member.isEmpty && member.firstIndex(of: UInt8(ascii: ",")) == nil, "a member is one")
    }
    require(memberCount <= value.count / 2 + 1, "members are apart")

    // The values again, where a head has them.
    var octets: [UInt8] = []
    octets.append("GET / HTTP/1.1\r\nHost: a\r\n")
    for name in names {
        octets.append(name)
        octets.append(": ")
        octets.append(copying: value)
        octets.append("\r\n")
    }
    octets.append("\r\n")
    var scanner = HeadScanner(limits: RequestLimits())
    guard case .complete(octets.count) = scanner.scan(octets.span) else { return }
    var head = RequestHead()
    guard (try? head.parse(octets.span)) != nil else { return }
    let tag: [UInt8] = [UInt8(ascii: "a")]
    let time: UInt64 = 784_111_777
    let isRangeAllowed = Preconditions.allowsRange(head, octets.span, tag: tag.span, lastModified: time)
    let isTag = value.firstIndex(of: UInt8(ascii: "\"")) != nil
    let isDateOrTag = isTag || HTTPDate.seconds(trimmed(value)) == time
    // With a line end in it the value ends earlier.
    let isWhole = value.firstIndex(of: UInt8(ascii: "\r")) == nil
    require(!isRangeAllowed || isDateOrTag || !isWhole, "a range is allowed by a tag or a date")
    _ = Preconditions.evaluate(head, octets.span, tag: tag.span, lastModified: time)
    _ = ContentNegotiation.acceptsGzip(head, octets.span)
}

private let names: [StaticString] = [
    "Accept-Encoding", "Connection", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range",
    "If-Unmodified-Since", "Prefer", "Range",
]

@_lifetime(copy value)
private func trimmed(_ value: Span<UInt8>) -> Span<UInt8> {
    var range = value.indices
    while let first = range.first, value[first] == 0x20 || value[first] == 0x09 { range.removeFirst() }
    while let last = range.last, value[last] == 0x20 || value[last] == 0x09 { range.removeLast() }
    return value.extracting(range)
}
