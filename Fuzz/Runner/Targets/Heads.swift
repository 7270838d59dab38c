// A request's head is the same to the server in whatever pieces it arrives, and what it makes of it are
// ranges of the octets that arrived.
import Bytes
import HTTP

/// Limits that a short input reaches.
private let limits = {
    var limits = RequestLimits()
    limits.requestLineByteCountMax = 96
    limits.fieldSectionByteCountMax = 384
    limits.fieldCountMax = 12
    return limits
}()

/// The target `heads`.
func fuzzRequestHead(_ input: Span<UInt8>) {
    guard var pieces = Pieces(input) else { return }
    let octets = pieces.content
    var head = RequestHead()
    let whole = verdict(HeadScanner(limits: limits).scanned(octets), octets, &head)
    var scanner = HeadScanner(limits: limits)
    var scan = HeadScan.incomplete
    while scan == .incomplete && pieces.next() { scan = scanner.scan(octets.extracting(0..<pieces.end)) }
    let inPieces = verdict(scan, octets, &head)
    require(inPieces == whole, "what a head comes to doesn't depend on the pieces that it comes in")
    guard case .head(let byteCount, let values) = whole else { return }
    // A head that was used before is as good as a new one, and what follows a head is nothing to it.
    require(values == summary(of: head, octets), "a head gives the same values twice")
    require(octets.extracting(0..<byteCount).hasSuffix("\r\n\r\n"), "a head ends in an empty line")
    check(head, octets.extracting(0..<byteCount))
}

/// What octets come to.
private enum Verdict: Equatable {
    case incomplete
    case head(byteCount: Int, values: [[UInt8]])
    case fault(RequestFault)
}

/// What a scan comes to: the faults of a request line are found by the scanner, or else by the parser.
private func verdict(_ scan: HeadScan, _ octets: Span<UInt8>, _ head: inout RequestHead) -> Verdict {
    switch scan {
    case .incomplete: return .incomplete
    case .invalid(let fault):
        require((400...599).contains(fault.status), "a fault has an error's status")
        return .fault(fault)
    case .complete(let byteCount):
        do throws(RequestFault) {
            try head.parse(octets.extracting(0..<byteCount))
        } catch {
            require((400...599).contains(error.status), "a fault has an error's status")
            return .fault(error)
        }
        return .head(byteCount: byteCount, values: summary(of: head, octets))
    }
}

/// What a request says, as octets.
private func summary(of head: borrowing RequestHead, _ octets: Span<UInt8>) -> [[UInt8]] {
    var values = [octets.extracting(head.path).copied()]
    if let query = head.query { values.append(octets.extracting(query).copied()) }
    if let authority = head.authority { values.append(octets.extracting(authority).copied()) }
    for name in FieldName.allCases {
        head.forEachValue(of: name) { values.append(octets.extracting($0).copied()) }
    }
    return values
}

private func check(_ head: borrowing RequestHead, _ octets: Span<UInt8>) {
    for value in summary(of: head, octets) {
        for octet in value { require(octet >= 0x20 && octet != 0x7F || octet == 9, "no control gets in") }
    }
    let path = octets.extracting(head.path)
    require(path.hasPrefix("/") || path.isEqual(to: "*"), "a path begins with a slash")
    if head.version == .http11 { require(head.authority != nil, "a request of HTTP/1.1 has a host") }
    let hasLength = head.value(of: .contentLength) != nil
    let hasCoding = head.value(of: .transferEncoding) != nil
    require(!hasLength || !hasCoding, "no two lengths of a body")
    switch head.framing {
    case .none: require(!hasCoding, "a coding has chunks")
    case .length(let count): require(hasLength && count > 0, "a length is one that was sent")
    case .chunked: require(hasCoding && head.version == .http11, "chunks are of HTTP/1.1")
    }
    require(!head.expectsContinue || head.framing != .none, "what is waited for is a body")
    let tag = octets.extracting(0..<1)
    _ = Preconditions.evaluate(head, octets, tag: tag, lastModified: 1_000_000_000)
    _ = Preconditions.allowsRange(head, octets, tag: tag, lastModified: 1_000_000_000)
    _ = ByteRanges.request(head, octets, byteCount: 1000)
    _ = ContentNegotiation.acceptsGzip(head, octets)
}

extension HeadScanner {
    /// What this scanner says of octets that come all at once.
    fileprivate func scanned(_ octets: Span<UInt8>) -> HeadScan {
        var scanner = self
        return scanner.scan(octets)
    }
}

extension Span<UInt8> {
    fileprivate func hasSuffix(_ literal: StaticString) -> Bool {
        let byteCount = literal.utf8CodeUnitCount
        return count >= byteCount && extracting(last: byteCount).isEqual(to: literal)
    }
}
