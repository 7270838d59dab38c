// Shows that the codec agrees with an encoder that shares no code with it: every golden frame decodes to the
// content in its JSON, and that content encodes to the golden frame, octet for octet, in both field orders
// and through both encoders; every broken frame is refused for its own reason, at the octet where it is
// broken.
import Testing
import TimeFrame

@Suite struct ValidVectorTests {
    @Test func allAreTested() throws {
        let names = Set(Vectors.validNames)
        #expect(try Vectors.names(in: "valid", ending: ".frame") == names)
        #expect(try Vectors.names(in: "valid", ending: ".json") == names)
        #expect(try Vectors.names(in: "valid-id-first", ending: ".frame") == names)
    }

    @Test(arguments: Vectors.validNames, MetadataOrder.allCases)
    func decodesToItsContent(name: String, order: MetadataOrder) throws {
        let octets = try Vectors.valid(name, order)
        #expect(try FrameContent(decoding: octets.span, order: order) == Vectors.content(name))
    }

    @Test(arguments: Vectors.validNames, MetadataOrder.allCases)
    func contentEncodesToIt(name: String, order: MetadataOrder) throws {
        let content = try Vectors.content(name)
        let golden = try Vectors.valid(name, order)
        #expect(try content.encode(order: order) == golden)
        var sink = PieceCollector()
        try content.encode(order: order, into: &sink)
        #expect(sink.octets == golden)
    }

    @Test(arguments: Vectors.validNames, MetadataOrder.allCases)
    func readerCountsAgree(name: String, order: MetadataOrder) throws {
        let octets = try Vectors.valid(name, order)
        let content = try Vectors.content(name)
        let reader = try FrameReader(octets.span, order: order)
        #expect(reader.header.frameByteCount == UInt64(octets.count))
        #expect(reader.channelCount == content.channels.count)
        #expect(reader.itemCount == content.channels.reduce(0) { $0 + $1.items.count })
        for index in 0..<reader.channelCount {
            let channel = reader.channel(at: index)
            let expected = content.channels[index].items
            #expect(channel.itemCount == expected.count)
            #expect(channel.payloadByteCount == expected.reduce(0) { $0 + $1.data.count })
        }
    }
}

@Suite struct InvalidVectorTests {
    /// What each frame must be refused for, and at which octet.
    static let faults: [String: FrameError] = [
        "empty-input": FrameError(.headerTruncated, at: 0),
        "header-29-octets": FrameError(.headerTruncated, at: 29),
        "version-0": FrameError(.unsupportedVersion(0), at: 0),
        "version-2": FrameError(.unsupportedVersion(2), at: 0),
        "metadata-size-past-end": FrameError(.metadataPastEnd, at: 2),
        "metadata-size-cuts-a-record": FrameError(.metadataCutsRecord, at: 86),
        "data-size-too-large": FrameError(.dataPastEnd, at: 6),
        "data-size-overflows": FrameError(.dataPastEnd, at: 6),
        "data-size-too-small": FrameError(.trailingOctets, at: 154),
        "trailing-octet": FrameError(.trailingOctets, at: 155),
        "truncated-data": FrameError(.dataPastEnd, at: 6),
        "end-before-start": FrameError(.endBeforeStart, at: 22),
        "type-size-past-end": FrameError(.typePastEnd, at: 38),
        "id-size-past-end": FrameError(.idPastEnd, at: 42),
        "offset-past-data": FrameError(.offsetPastData, at: 30),
        "offsets-descending": FrameError(.offsetsDescend, at: 60),
        "first-offset-not-zero": FrameError(.firstOffsetNotZero, at: 30),
        "offset-inside-an-item": FrameError(.offsetInsideItem, at: 60),
        "item-size-past-section": FrameError(.itemPastEnd, at: 95),
        "invalid-utf8-id": FrameError(.idNotUTF8, at: 52),
        "duplicate-channel-id": FrameError(.idDuplicate, at: 65),
        "empty-channel-id": FrameError(.idEmpty, at: 47),
    ]

    @Test func allAreTested() throws {
        #expect(try Vectors.names(in: "invalid", ending: ".frame") == Set(Self.faults.keys))
        #expect(try Set(Vectors.reasons().keys) == Set(Self.faults.keys))
    }

    @Test(arguments: faults.keys.sorted())
    func isRefusedForItsReason(name: String) throws {
        let octets = try Vectors.octets("invalid/\(name).frame")
        let error = #expect(throws: FrameError.self) { try FrameContent(decoding: octets.span) }
        #expect(error == Self.faults[name])
        // One text leaves open which of two faults it is; the error says the one that is met.
        let text =
            name == "data-size-too-small"
            ? "octets after the data section" : try Vectors.reasons()[name] ?? "none"
        #expect(error?.reason.description == text)
        #expect(error?.description == "\(text) (at octet \(Self.faults[name]?.offset ?? 0))")
    }
}
