package import Bytes
import CZlib

/// What became of the octets given to an `Inflater`.
package enum InflateState: Sendable, Equatable {
    /// All input is used up; the next piece may follow, or `isWhole` says whether the end may.
    case needsInput
    /// As much as was asked for is in the output; the input from `consumed` on is to be given again.
    case needsRoom
    /// More would come out than `InflateLimits.byteCountMax`; exactly that many octets have.
    case tooLarge
    /// What came out is more than `InflateLimits.ratioMax` times what went in.
    case tooDense
    /// The input is no gzip, or was changed on its way: zlib's words for what is wrong.
    case corrupt(String)
}

/// Inflates gzip files (RFC 1952) piece by piece, within limits: any number of members, one behind another,
/// each with its check sum and length verified.
///
/// Input that was cut off is told from input that is wrong: it ends without `corrupt`, and `isWhole` is
/// false. A member's octets come out before its check sum was seen, so nothing may be done with them that
/// can't be undone until `isWhole`. Holds up to 48 KiB while it lives, whatever comes in. One owner, one
/// thread.
@safe
package struct Inflater: ~Copyable {
    /// How far apart, in octets of output, the ratio is looked at, and how many are free of it: at fixed
    /// places, so that the verdict doesn't depend on how the input was cut into pieces.
    private static let ratioStep: UInt64 = 64 * 1024

    /// On the heap, since zlib keeps the stream's address.
    private let stream: UnsafeMutablePointer<z_stream>
    private let limits: InflateLimits
    private var consumedTotal: UInt64 = 0
    private var producedTotal: UInt64 = 0
    /// The verdict that all further calls repeat.
    private var failure: InflateState?

    /// Whether the input so far is one or more whole members: whether it may end here.
    package private(set) var isWhole = false

    /// Makes an inflater for one body.
    package init(limits: InflateLimits) throws(CompressionError) {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        // SAFETY: the stream is zeroed, as zlib wants it, and owned by this value until its deinit.
        unsafe stream.initialize(to: z_stream())
        guard unsafe gzipInflateInit(stream) == Z_OK else {
            unsafe stream.deallocate()
            throw .outOfMemory
        }
        unsafe self.stream = unsafe stream
        self.limits = limits
    }

    deinit {
        // SAFETY: the stream was initialised, and nobody else holds it.
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Inflates `octets`, appending at most `outputMax` octets (1 or more) to `output`.
    ///
    /// Gives how many octets of the input were used, and what is to be done next. After `tooLarge`,
    /// `tooDense` or `corrupt` it takes nothing more.
    package mutating func inflate(
        _ octets: Span<UInt8>, into output: inout Buffer, outputMax: Int
    ) -> (consumed: Int, state: InflateState) {
        precondition(outputMax > 0, "inflating into no room")
        if let failure { return (0, failure) }
        var consumed = 0
        var room = outputMax
        while true {
            if consumed == octets.count && isWhole { return (consumed, .needsInput) }
            if isWhole { beginMember() }
            // One octet more than the limit allows shows that there is more than it allows.
            let untilLimit = limits.byteCountMax - producedTotal
            let untilStep = Self.ratioStep - producedTotal % Self.ratioStep
            let askedFor = Int(min(UInt64(room), untilStep, untilLimit < .max ? untilLimit + 1 : .max))
            let step = run(octets.extracting(consumed...), into: &output, count: askedFor)
            consumed += step.consumed
            room -= step.produced
            consumedTotal += UInt64(step.consumed)
            producedTotal += UInt64(step.produced)
            if producedTotal > limits.byteCountMax {
                output.truncate(to: output.count - 1)
                return fail(.tooLarge, consumed)
            }
            if isTooDense { return fail(.tooDense, consumed) }
            switch step.code {
            case Z_OK, Z_BUF_ERROR:
                // zlib leaves room unused only where it wants input (inflate in zlib.h).
                if step.produced < askedFor && consumed == octets.count { return (consumed, .needsInput) }
                if room == 0 { return (consumed, .needsRoom) }
            case Z_STREAM_END:
                isWhole = true
                if room == 0 && consumed < octets.count { return (consumed, .needsRoom) }
            case Z_MEM_ERROR:
                // As every allocation of Swift's own does.
                preconditionFailure("zlib: out of memory")
            default:
                return fail(.corrupt(message), consumed)
            }
        }
    }

    private var isTooDense: Bool {
        if producedTotal == 0 || producedTotal % Self.ratioStep != 0 { return false }
        let (allowed, overflow) = consumedTotal.multipliedReportingOverflow(by: limits.ratioMax)
        return !overflow && producedTotal - Self.ratioStep > allowed
    }

    private var message: String {
        // SAFETY: where zlib sets msg, it is a C string of static memory.
        guard let words = unsafe stream.pointee.msg else { return "zlib error" }
        return unsafe String(cString: words)
    }

    private mutating func fail(_ state: InflateState, _ consumed: Int) -> (consumed: Int, state: InflateState)
    {
        failure = state
        isWhole = false
        return (consumed, state)
    }

    /// Makes zlib ready for a further member.
    private mutating func beginMember() {
        // SAFETY: the stream is initialised; inflateReset keeps its memory.
        let code = unsafe inflateReset(stream)
        precondition(code == Z_OK, "zlib refuses its own stream")
        isWhole = false
    }

    /// Lets zlib work once, on at most `count` octets of output.
    private mutating func run(
        _ octets: Span<UInt8>, into output: inout Buffer, count: Int
    ) -> (consumed: Int, produced: Int, code: Int32) {
        // zlib counts in 32 bits.
        let available = UInt32(clamping: octets.count)
        // SAFETY: zlib reads avail_in octets at next_in and writes avail_out at next_out, which are the two
        // regions; both stay until the closures end, and the pointers are cleared before.
        return unsafe octets.withUnsafeBufferPointer { input in
            output.withFree(minimum: count) { free in
                unsafe free.withUnsafeMutableBufferPointer { room, produced in
                    unsafe stream.pointee.next_in = input.baseAddress
                    unsafe stream.pointee.avail_in = available
                    unsafe stream.pointee.next_out = room.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(count)
                    // SAFETY: count is at most ratioStep, and withFree gave at least as much.
                    let code = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
                    produced = unsafe count - Int(stream.pointee.avail_out)
                    let consumed = unsafe Int(available - stream.pointee.avail_in)
                    unsafe stream.pointee.next_in = nil
                    unsafe stream.pointee.avail_in = 0
                    unsafe stream.pointee.next_out = nil
                    return (consumed, produced, code)
                }
            }
        }
    }
}
