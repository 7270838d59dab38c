package import Bytes

/// Request heads whose fields come one by one, as those of HTTP/2 do (RFC 9113 section 8.3), on their way to
/// a `RequestHead`.
///
/// Only what the server acts on is kept, behind one octet that names it and four for its length, so what
/// waits is bounded by the limits, whatever a compressed head unfolds to.
package struct RequestFields: ~Copyable {
    /// What stands in a pseudo-field (RFC 9113 section 8.3.1). The raw values follow on those of `FieldName`.
    enum Pseudo: UInt8 {
        case method = 240
        case path, authority, scheme

        init?(_ name: Span<UInt8>) {
            switch name.count {
            case 5 where name.isEqual(to: ":path"): self = .path
            case 7 where name.isEqual(to: ":method"): self = .method
            case 7 where name.isEqual(to: ":scheme"): self = .scheme
            case 10 where name.isEqual(to: ":authority"): self = .authority
            default: return nil
            }
        }
    }

    /// What a field counts for beside its name and its value (RFC 9113 section 6.5.2).
    package static let fieldOverhead = 32
    /// What precedes a value: the name's code and the value's length.
    static let prefixByteCount = 5

    private let limits: RequestLimits
    /// The kept fields of all heads that wait.
    private var buffer = Buffer()
    private var start = 0
    private var sectionByteCount = 0
    private var fieldCount = 0
    private var fault: RequestFault?
    /// Between `begin` and `end`.
    private var isCollecting = false

    /// Makes one that holds no memory until the first field.
    package init(limits: RequestLimits) {
        self.limits = limits
    }

    /// The kept fields of all heads that wait, for the ranges that `end` returned.
    package var octets: Span<UInt8> {
        @_lifetime(borrow self)
        get { buffer.octets }
    }

    /// Copies what was kept of a head.
    package func copy(_ range: Range<Int>, to sink: inout Buffer) { sink.append(range, of: buffer) }

    /// Octets that wait.
    package var count: Int { buffer.count }

    /// The next field is a head's first.
    package mutating func begin() {
        start = buffer.count
        sectionByteCount = 0
        fieldCount = 0
        fault = nil
        isCollecting = true
    }

    /// The head has a fault, so no more of it is kept.
    package var isRefused: Bool { fault != nil }

    /// Takes a field. Names are in lower case, as HTTP/2 has them.
    package mutating func append(name: Span<UInt8>, value: Span<UInt8>) {
        if fault != nil { return }
        if let pseudo = Pseudo(name) {
            if pseudo == .path && value.count > limits.requestLineByteCountMax { fault = .requestLineTooLong }
            return keep(pseudo.rawValue, value)
        }
        sectionByteCount += name.count + value.count + Self.fieldOverhead
        fieldCount += 1
        if sectionByteCount > limits.fieldSectionByteCountMax { fault = .fieldsTooLarge }
        if fieldCount > limits.fieldCountMax { fault = .tooManyFields }
        if let name = FieldName(name) { keep(name.rawValue, value) }
    }

    /// The head is whole.
    ///
    /// - Returns: where its fields stand among `octets`.
    /// - Throws: the limit that it broke; then nothing of it is kept.
    package mutating func end() throws(RequestFault) -> Range<Int> {
        isCollecting = false
        if let fault {
            buffer.truncate(to: start)
            throw fault
        }
        return start..<buffer.count
    }

    /// Drops all heads that are whole, and keeps the memory where it is not large.
    package mutating func removeAll() {
        if isCollecting {
            buffer.consume(start)
        } else if buffer.capacity > Self.keptByteCountMax {
            buffer.release()
        } else {
            buffer.removeAll()
        }
        start = 0
    }

    private static let keptByteCountMax = 4096

    private mutating func keep(_ code: UInt8, _ value: Span<UInt8>) {
        if fault != nil { return }
        if FieldContent.end(in: value, from: 0) != value.count {
            fault = .controlCharacter
            return
        }
        buffer.append(code)
        buffer.append(bigEndian: UInt32(value.count))
        buffer.append(copying: value)
    }
}

extension RequestHead {
    /// Reads a head from fields that came one by one.
    ///
    /// - Parameters:
    ///   - octets: what `RequestFields` kept of it; the ranges of this head point into it.
    ///   - hasBody: whether content follows.
    /// - Throws: what is wrong with it.
    package mutating func parse(fields octets: Span<UInt8>, hasBody: Bool) throws(RequestFault) {
        var target: Range<Int>?
        var method: Range<Int>?
        var authority: Range<Int>?
        removeFields()
        var index = 0
        while index < octets.count {
            let code = octets[index]
            let start = index + RequestFields.prefixByteCount
            index = start + Int(octets.bigEndian(at: index + 1, as: UInt32.self))
            if let name = FieldName(rawValue: code) {
                keep(name, trimmed(octets, start..<index))
                continue
            }
            switch RequestFields.Pseudo(rawValue: code) {
            case .method: method = start..<index
            case .path: target = start..<index
            case .authority: authority = start..<index
            case .scheme, nil: break
            }
        }
        try checkRepetition()
        guard let method else { throw RequestFault(400, "The request has no method.") }
        try read(method: octets.extracting(method), version: .http2)
        if self.method == .connect { throw .connect }
        guard let target else { throw RequestFault(400, "The request has no path.") }
        try readTarget(octets, target, authority: authority)
        try readFraming(octets, hasBody: hasBody)
        try readExpectation(octets)
    }

    private func trimmed(_ octets: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end && FieldList.isBlank(octets[start]) { start += 1 }
        while end > start && FieldList.isBlank(octets[end - 1]) { end -= 1 }
        return start..<end
    }
}
