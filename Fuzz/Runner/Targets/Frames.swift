// A frame that is read gives, written again, the same octets, whichever way it is written; and what is wrong
// with one is wrong at a place in it.
import Bytes
import TimeFrame

/// A sink that keeps what it is given.
private struct Octets: FrameSink {
    var octets: [UInt8] = []

    mutating func write(_ octets: Span<UInt8>) { self.octets.append(copying: octets) }
}

/// The target `frames`.
func fuzzFrame(_ octets: Span<UInt8>) {
    for order in MetadataOrder.allCases {
        let content: FrameContent
        do throws(FrameError) {
            content = try FrameContent(decoding: octets, order: order)
        } catch {
            require(error.offset <= UInt64(octets.count), "a fault lies in the frame")
            continue
        }
        guard let written = try? content.encode(order: order) else {
            fatalError("what was read can be written")
        }
        require(written.span.isEqual(to: octets), "a frame has one form")
        var sink = Octets()
        do {
            try content.encode(order: order, into: &sink)
        } catch {
            fatalError("what was read can be written piece by piece: \(error)")
        }
        require(sink.octets.span.isEqual(to: octets), "the encoder writes what the layout does")
        let other: MetadataOrder = order == .typeFirst ? .idFirst : .typeFirst
        guard let turned = try? content.encode(order: other),
            let again = try? FrameContent(decoding: turned.span, order: other)
        else { fatalError("a frame can be written in the other order") }
        require(again == content, "both orders say the same")
    }
}
