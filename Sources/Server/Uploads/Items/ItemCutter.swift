/// What stands at the beginning of a body's content.
package enum ItemStep: Equatable {
    /// A whole item: its data as a range of the content, and the device's time for it where it brings one.
    case item(Range<Int>, timestamp: UInt64?, consumed: Int)
    /// An item over the limit; what follows it can be read.
    case tooLarge(consumed: Int)
    /// No whole item. At the body's end: none is left.
    case needsMore(consumed: Int)
    /// The body ended within an item.
    case torn
}

/// Cuts a body into items as it arrives. Pure: the content comes in, ranges of it go out.
package enum ItemCutter {
    /// The whole body is one item of at most so many octets.
    case whole(byteCountMax: Int)
    case lines(LineCutter)
    case records(RecordCutter)

    init(of upload: Upload) {
        switch upload.body {
        case .json, .octets: self = .whole(byteCountMax: upload.byteCountMax)
        case .lines: self = .lines(LineCutter(byteCountMax: upload.byteCountMax))
        case .records: self = .records(RecordCutter(byteCountMax: upload.byteCountMax))
        }
    }

    /// Finds the next item.
    ///
    /// - Parameters:
    ///   - content: what was not consumed before, and what has come since.
    ///   - isEnd: nothing will follow it.
    package mutating func next(_ content: Span<UInt8>, isEnd: Bool) -> ItemStep {
        switch self {
        case .whole(let byteCountMax):
            if content.count > byteCountMax { return .tooLarge(consumed: content.count) }
            if !isEnd { return .needsMore(consumed: 0) }
            return .item(0..<content.count, timestamp: nil, consumed: content.count)
        case .lines(var cutter):
            defer { self = .lines(cutter) }
            return cutter.next(content, isEnd: isEnd)
        case .records(var cutter):
            defer { self = .records(cutter) }
            return cutter.next(content, isEnd: isEnd)
        }
    }
}
