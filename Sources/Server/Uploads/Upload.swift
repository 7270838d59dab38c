import Bytes
import FrameLog

/// What the head of a POST has said about the items in its body.
struct Upload: Sendable {
    /// How the body is read.
    enum Body: Sendable {
        /// One JSON value is one item.
        case json
        /// Any octets are one item.
        case octets
        /// Each line is a JSON value and an item.
        case lines
        /// Each record is an item, with the device's time for it.
        case records

        /// Any number of items, taken as they arrive.
        var isStream: Bool { self == .lines || self == .records }
        /// Items must be JSON.
        var isJSON: Bool { self == .json || self == .lines }
    }

    /// What the answer says where every item was taken.
    enum AnswerForm: Sendable {
        /// How many items there are, and in which frame.
        case full
        /// Nothing, with 204 (RFC 7240 section 4.2).
        case minimal
        /// Nothing, with 200, as the Go server answered: its clients leave a body unread, and would need a
        /// new connection for every post.
        case bare
    }

    let channelID: ChannelName
    /// 1 to 255 octets of UTF-8 without control characters.
    let channelType: [UInt8]
    /// The device's time for a single item, in milliseconds since the epoch; nil for the server's.
    let deviceTimestamp: UInt64?
    /// That time was given as an age.
    var isAged = false
    let body: Body
    /// Octets of an item that is not gzip, where the head says how many; otherwise 0.
    var promisedByteCount = 0
    /// The body is gzip (RFC 9110 section 8.4.1.3).
    let isGzip: Bool
    /// How many times its size the gzip may stand for.
    var gzipRatioMax: UInt64 = 200
    /// What tells a retry from a new upload; nil where the client gave no key.
    let key: UploadKey?
    /// What its items are charged to; nil where there is no limit to their rate.
    let meter: UploadMeter?
    /// The most octets of an item, inflated.
    let byteCountMax: Int
    let answerForm: AnswerForm
    /// When its items were received, by the frame clock, in milliseconds since the epoch: the time of the
    /// head, which an age counts back from, or the stamp of the last item that the server stamped.
    var receivedAt: UInt64

    /// What must be the same beside the body where it comes again. An age is told anew with each try, as it
    /// grows.
    var digestSeed: [UInt8] {
        var seed = channelType
        if !isAged, let timestamp = deviceTimestamp { seed.append(bigEndian: timestamp) }
        return seed
    }
}
