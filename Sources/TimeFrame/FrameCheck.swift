internal import Bytes

/// Checks a whole frame in one pass over its records and one over its items' sizes.
///
/// Sizes are compared with what is left, never added to a position first, so no size of 2^64−1 can overflow;
/// memory grows with the records that were really there, never with a size that was only read.
struct FrameCheck {
    let header: FrameHeader
    private(set) var channels: [FrameReader.Extent] = []
    private(set) var itemCount = 0

    init(_ octets: Span<UInt8>, order: MetadataOrder) throws(FrameError) {
        header = try FrameHeader(decoding: octets)
        let sections = octets.count - FrameHeader.byteCount
        if UInt64(header.metadataByteCount) > UInt64(sections) { throw FrameError(.metadataPastEnd, at: 2) }
        let data = sections - Int(header.metadataByteCount)
        if header.dataByteCount > UInt64(data) { throw FrameError(.dataPastEnd, at: 6) }

        let records = try checkRecords(octets, order: order)
        // After the records: a metadata size that is too small is better told by the record that it cuts.
        let end = octets.count - data + Int(header.dataByteCount)
        if end < octets.count { throw FrameError(.trailingOctets, at: end) }
        try checkItems(octets, records)
    }

    /// Checks the metadata section and gives where each of its records begins.
    private func checkRecords(_ octets: Span<UInt8>, order: MetadataOrder) throws(FrameError) -> [Int] {
        let end = FrameHeader.byteCount + Int(header.metadataByteCount)
        var records: [Int] = []
        var ids = OctetIndex()
        var position = FrameHeader.byteCount
        var previousOffset: UInt64 = 0
        while position < end {
            let next = try Self.end(ofRecord: position, octets, sectionEnd: end, order: order)
            let offset = octets.bigEndian(at: position, as: UInt64.self)
            if offset > header.dataByteCount { throw FrameError(.offsetPastData, at: position) }
            if offset < previousOffset { throw FrameError(.offsetsDescend, at: position) }
            previousOffset = offset

            let names = RecordNames(octets, record: position, order: order)
            let id = octets.extracting(names.id)
            if !octets.extracting(names.type).isUTF8 {
                throw FrameError(.typeNotUTF8, at: names.type.lowerBound)
            }
            if id.isEmpty { throw FrameError(.idEmpty, at: names.id.lowerBound) }
            if !id.isUTF8 { throw FrameError(.idNotUTF8, at: names.id.lowerBound) }
            let twin = ids.insert(id, at: records.count) { other in
                let names = RecordNames(octets, record: records[other], order: order)
                return octets.extracting(names.id).isEqual(to: id)
            }
            if twin != nil { throw FrameError(.idDuplicate, at: names.id.lowerBound) }
            records.append(position)
            position = next
        }
        if let first = records.first, octets.bigEndian(at: first, as: UInt64.self) != 0 {
            throw FrameError(.firstOffsetNotZero, at: first)
        }
        if records.isEmpty && header.dataByteCount > 0 { throw FrameError(.dataWithoutChannel, at: 6) }
        return records
    }

    /// Checks that a record ends inside the metadata section, and gives where.
    ///
    /// A record that would fit the input but not the section was cut by the section's size; sizes that fit
    /// neither are themselves at fault.
    static func end(
        ofRecord record: Int, _ octets: Span<UInt8>, sectionEnd end: Int, order: MetadataOrder
    ) throws(FrameError) -> Int {
        let prefix = FrameLayout.recordPrefixByteCount
        if end - record < prefix { throw FrameError(.metadataCutsRecord, at: end) }
        let first = UInt64(octets.bigEndian(at: record + 8, as: UInt32.self))
        let second = UInt64(octets.bigEndian(at: record + 12, as: UInt32.self))
        let left = UInt64(end - record - prefix)
        if first + second <= left { return record + prefix + Int(first + second) }
        if first + second <= UInt64(octets.count - record - prefix) {
            throw FrameError(.metadataCutsRecord, at: end)
        }
        let firstIsAtFault = first > left
        throw FrameError(
            firstIsAtFault == (order == .typeFirst) ? .typePastEnd : .idPastEnd,
            at: firstIsAtFault ? record + 8 : record + 12)
    }

    /// Checks that every channel's items fill exactly the octets from its offset to the next channel's.
    private mutating func checkItems(_ octets: Span<UInt8>, _ records: [Int]) throws(FrameError) {
        channels.reserveCapacity(records.count)
        let section = FrameHeader.byteCount + Int(header.metadataByteCount)
        var position = section
        for index in records.indices {
            var end = octets.count
            if index + 1 < records.count {
                end = section + Int(octets.bigEndian(at: records[index + 1], as: UInt64.self))
            }
            var count = 0
            while position < end {
                let left = octets.count - position
                let prefix = FrameLayout.itemPrefixByteCount
                if left < prefix { throw FrameError(.itemPastEnd, at: position) }
                let size = octets.bigEndian(at: position + 8, as: UInt64.self)
                if size > UInt64(left - prefix) { throw FrameError(.itemPastEnd, at: position + 8) }
                position += prefix + Int(size)
                count += 1
            }
            // The item fits the data section, so it is the next channel's offset that is wrong.
            if position > end { throw FrameError(.offsetInsideItem, at: records[index + 1]) }
            channels.append(FrameReader.Extent(record: records[index], itemCount: count))
            itemCount += count
        }
    }
}
