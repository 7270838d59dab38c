import Bytes
import CNghttp2

// A response's field lines, as nghttp2 wants them.

extension HTTP2Session {
    /// Hands a response's head over, with the promise of its content. No response has as many as 40 lines.
    func submit(_ stream: HTTP2StreamID, _ status: UInt16, _ lines: inout Buffer, contentByteCount: Int) {
        // SAFETY: the fields point into `lines` and the status, which stay while nghttp2 copies them.
        var fields = unsafe InlineArray<40, nghttp2_nv>(repeating: nghttp2_nv())
        var places = unsafe fields.mutableSpan
        var octets = lines.mutableOctets
        unsafe withStatusField(status) { field in
            unsafe octets.withUnsafeMutableBufferPointer { octets in
                unsafe places.withUnsafeMutableBufferPointer { fields in
                    unsafe fields[0] = field.pointee
                    let count = unsafe 1 + Self.fill(fields, from: octets)
                    var source = unsafe nghttp2_data_provider()
                    unsafe source.source.fd = Int32(stream.slot)
                    unsafe source.read_callback = HTTP2Callbacks.readContent
                    unsafe withUnsafePointer(to: &source) { source in
                        _ = unsafe nghttp2_submit_response(
                            session, stream.number, fields.baseAddress, count,
                            contentByteCount > 0 || isOpenEnded[stream.slot] ? source : nil)
                    }
                }
            }
        }
    }

    /// Lends the pseudo-field of a response (RFC 9113 section 8.3.2).
    func withStatusField(_ status: UInt16, _ body: (UnsafeMutablePointer<nghttp2_nv>) -> Void) {
        var text: InlineArray<10, UInt8> = [
            UInt8(ascii: ":"), UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "a"), UInt8(ascii: "t"),
            UInt8(ascii: "u"), UInt8(ascii: "s"), digit(status / 100), digit(status / 10), digit(status),
        ]
        var span = text.mutableSpan
        // SAFETY: the name has the first seven octets, the value the other three, for the length of the call.
        unsafe span.withUnsafeMutableBufferPointer { memory in
            let start = memory.baseAddress!
            var field = unsafe nghttp2_nv(
                name: start, value: start + 7, namelen: 7, valuelen: 3,
                flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
            unsafe body(&field)
        }
    }

    private func digit(_ number: UInt16) -> UInt8 { UInt8(ascii: "0") + UInt8(number % 10) }

    /// Takes lines apart, and puts their names in lower case (RFC 9113 section 8.2).
    ///
    /// - Returns: how many there are.
    private static func fill(
        _ fields: UnsafeMutableBufferPointer<nghttp2_nv>, from lines: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        var count = 0
        var index = 0
        // SAFETY: every line has its colon, blank and line end, which the indices don't go beyond; there are
        // fewer lines than fields, or the index into `fields` traps.
        while index < lines.count {
            let nameStart = index
            while unsafe lines[index] != UInt8(ascii: ":") {
                let octet = unsafe lines[index]
                if UInt8(ascii: "A")...UInt8(ascii: "Z") ~= octet { unsafe lines[index] = octet | 0x20 }
                index += 1
            }
            let nameEnd = index
            let valueStart = nameEnd + 2
            index = valueStart
            while unsafe lines[index] != UInt8(ascii: "\r") { index += 1 }
            count += 1
            precondition(count < fields.count, "a response has more fields than it can have")
            let start = lines.baseAddress!
            unsafe fields[count] = nghttp2_nv(
                name: start + nameStart, value: start + valueStart, namelen: nameEnd - nameStart,
                valuelen: index - valueStart, flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
            index += 2
        }
        return count
    }
}
