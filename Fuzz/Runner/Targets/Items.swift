// A stream of items is cut into the same items in whatever pieces it arrives, and into those that are there.
import Bytes
import Server

/// The most octets of an item here.
private let itemByteCountMax = 48

/// An item that was cut, or what came in place of one.
private enum Cut: Equatable {
    case item([UInt8], timestamp: UInt64?)
    case tooLarge
    case torn
}

/// The target `lines`.
func fuzzLines(_ input: Span<UInt8>) {
    guard let pieces = Pieces(input) else { return }
    let cutter = ItemCutter.lines(LineCutter(byteCountMax: itemByteCountMax))
    let whole = cutWhole(pieces.content, with: cutter)
    require(cut(pieces, with: cutter) == whole, "lines don't depend on the pieces that they come in")

    var expected: [Cut] = []
    for line in pieces.content.copied().split(separator: UInt8(ascii: "\n")) {
        let item = trimmed(line)
        // Blanks that are too many make a line too long, whatever is between them.
        if item.count > itemByteCountMax || line.count > itemByteCountMax + 1024 {
            expected.append(.tooLarge)
        } else if !item.isEmpty {
            expected.append(.item(Array(item), timestamp: nil))
        }
    }
    require(whole == expected, "lines are what stands between line feeds")
}

/// The target `records`.
func fuzzRecords(_ input: Span<UInt8>) {
    guard let pieces = Pieces(input) else { return }
    let cutter = ItemCutter.records(RecordCutter(byteCountMax: itemByteCountMax))
    let whole = cutWhole(pieces.content, with: cutter)
    require(cut(pieces, with: cutter) == whole, "records don't depend on the pieces that they come in")

    var expected: [Cut] = []
    var rest = pieces.content
    while !rest.isEmpty && expected.last != .torn {
        if rest.count < 16 {
            expected.append(.torn)
            break
        }
        let timestamp = rest.bigEndian(at: 0, as: UInt64.self)
        let size = rest.bigEndian(at: 8, as: UInt64.self)
        rest = rest.extracting(droppingFirst: 16)
        let isTooLarge = size > UInt64(itemByteCountMax)
        if isTooLarge { expected.append(.tooLarge) }
        if size > UInt64(rest.count) {
            expected.append(.torn)
        } else {
            let data = rest.extracting(0..<Int(size)).copied()
            if !isTooLarge { expected.append(.item(data, timestamp: timestamp == 0 ? nil : timestamp)) }
            rest = rest.extracting(droppingFirst: Int(size))
        }
    }
    require(whole == expected, "records are what their sizes say")
}

private func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var line = line
    let blanks: Set<UInt8> = [0x20, 0x09, 0x0D]
    while let first = line.first, blanks.contains(first) { line.removeFirst() }
    while let last = line.last, blanks.contains(last) { line.removeLast() }
    return line
}

private func cutWhole(_ content: Span<UInt8>, with cutter: ItemCutter) -> [Cut] {
    var cutter = cutter
    var cuts: [Cut] = []
    _ = take(content, isEnd: true, with: &cutter, into: &cuts)
    return cuts
}

private func cut(_ pieces: borrowing Pieces, with cutter: ItemCutter) -> [Cut] {
    var pieces = copy pieces
    var cutter = cutter
    var cuts: [Cut] = []
    var start = 0
    while pieces.next() {
        start += take(pieces.content.extracting(start..<pieces.end), isEnd: false, with: &cutter, into: &cuts)
    }
    // The end comes by itself.
    _ = take(pieces.content.extracting(start...), isEnd: true, with: &cutter, into: &cuts)
    return cuts
}

/// Cuts what can be cut, and gives how much was consumed.
private func take(
    _ content: Span<UInt8>, isEnd: Bool, with cutter: inout ItemCutter, into cuts: inout [Cut]
) -> Int {
    var start = 0
    while true {
        let rest = content.extracting(start...)
        switch cutter.next(rest, isEnd: isEnd) {
        case .item(let range, let timestamp, let consumed):
            require(consumed > 0 && range.upperBound <= consumed, "an item is consumed")
            cuts.append(.item(rest.extracting(range).copied(), timestamp: timestamp))
            start += consumed
        case .tooLarge(let consumed):
            require(consumed > 0, "an item that is too large is consumed")
            cuts.append(.tooLarge)
            start += consumed
        case .needsMore(let consumed):
            start += consumed
            if isEnd { require(start == content.count, "nothing is left at the end") }
            return start
        case .torn:
            require(isEnd, "what goes on isn't torn")
            cuts.append(.torn)
            return start
        }
    }
}
