import Bytes

/// The records of a group one after the other: all of them, or those of a damaged group that are as they were
/// written.
///
/// Where one record is damaged, the next is found by the damaged one's size. That could lead into what a
/// client sent; so it is believed only where all sizes together end where the group does, after as many
/// records as it has.
struct SalvagedRecords {
    private(set) var ranges: [Range<Int>] = []

    /// - Parameter octets: the segment's file, which may end before the group does.
    init(_ octets: Span<UInt8>, of group: GroupHeader) {
        let all = group.recordsRange
        let end = min(all.upperBound, octets.count)
        var offset = all.lowerBound
        var count = 0
        // How many of the records found stand before the first damaged one.
        var sure: Int?
        while offset < end {
            let rest = octets.extracting(offset..<end)
            if let record = Record(checking: rest) {
                ranges.append(offset..<offset + record.byteCount)
                offset += record.byteCount
            } else {
                sure = sure ?? ranges.count
                if rest.count < Record.prefixByteCount { break }
                let byteCount = Int(rest.bigEndian(at: 0, as: UInt32.self))
                if byteCount < Record.prefixByteCount || byteCount > rest.count { break }
                offset += byteCount
            }
            count += 1
        }
        let fits = offset == all.upperBound && count == Int(group.recordCount)
        if !fits { ranges.removeLast(ranges.count - (sure ?? ranges.count)) }
    }
}
