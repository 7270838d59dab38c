import Logging
import Posix

/// What one connection, and all of them together, may take. Every limit has a unit and a reason.
package struct ConnectionLimits: Sendable {
    /// Connections open at once. Each costs about 14 KB, so the default takes 140 MB when all are used.
    package var connectionsMax = 10_000
    /// Connections from one IPv4 address or IPv6 /64. A CDN's node or a large office's gateway stays below
    /// it.
    package var connectionsPerAddressMax = 1_000
    /// Connections to the operator's listener, which count for neither of those above: whoever floods the
    /// public ports must not hide it, and a few scrapers and probes are all that come there.
    package var operatorConnectionsMax = 32
    /// Memory that uploads hold of items that have not come whole. Each loop has an equal part. The default
    /// is 32 items of the greatest size half-way, or 10,000 streams in gzip.
    package var uploadByteCountMax = 512 << 20
    /// From accept to a finished TLS handshake.
    package var handshakeTimeoutMilliseconds: UInt64 = 10_000
    /// From a head's first octet to its last.
    package var headerTimeoutMilliseconds: UInt64 = 10_000
    /// Between two requests. Longer than most proxies' own limit, so that they are the ones to close.
    package var idleTimeoutMilliseconds: UInt64 = 75_000
    /// How long a streaming upload may rest between two items.
    package var streamIdleTimeoutMilliseconds: UInt64 = 300_000
    /// How slow a body may arrive, or a response be read, in octets a second averaged over
    /// `rateWindowMilliseconds`.
    package var octetsPerSecondMin: UInt64 = 1_024
    package var rateWindowMilliseconds: UInt64 = 30_000
    /// What those may take who wait for what is still to come.
    package var following = FollowLimits()
    /// How long the last words of a refused connection may take to be read before it is cut off.
    package var lingerTimeoutMilliseconds: UInt64 = 2_000

    package init() {}
}

/// Sizes of what a loop works on at a time. They bound memory a loop, not a connection.
enum TurnLimits {
    /// Octets received in one call. Four full TLS records: larger reads gained nothing measurable.
    static let receiveByteCountMax = 64 * 1024
    /// Decrypted octets that may wait for the parser before no more is decrypted: a whole head and a record
    /// beyond.
    static let plaintextByteCountMax = 96 * 1024
    /// Encrypted octets made before the next connection has its turn.
    static let sendByteCountMax = 256 * 1024
    /// The most plaintext a TLS record holds (RFC 8446 section 5.1).
    static let recordByteCountMax = 16 * 1024
    /// Content of which so much is left behind its head's record has the kernel make the records, where it
    /// may. Of less a copy costs no more than to hand a key over: a guess, as there was no kernel to measure.
    static let straightByteCountMin = 128 * 1024
    /// Responses to pipelined requests that are gathered before they are sent.
    static let gatheredByteCountMax = 64 * 1024
    /// Octets of items that a loop gathers before it hands them to the log within its turn. With one more
    /// item of 1 GiB, the largest there is, they stay below the 2 GiB that a batch holds.
    static let batchByteCountMax = 16 * 1024 * 1024
    /// Pieces that one connection's uploads inflate before the next connection has its turn. They are half a
    /// mebibyte, and few octets may stand for them.
    static let piecesMax = 8
    /// How long connections that can go on without an event are served before those that have one have their
    /// turn again.
    static let readyMicroseconds: UInt64 = 4_000
    /// Events taken from the kernel at once.
    static let eventsMax = 256
    /// Connections accepted in one turn, so that a flood of them can't starve those that are served.
    static let acceptsMax = 64
    /// Octets of records that one loop may have on their way to the disk; one item may go beyond.
    static let queueByteCountMax = 64 << 20
    /// How often deadlines are looked at. Each tick looks at a quarter of the connections, so a limit is kept
    /// to within a second at a cost that does not show.
    static let tickMilliseconds: UInt64 = 250
    static let ticksPerSweep = 4
    /// What is read and dropped of a request after its connection was refused.
    static let lingerByteCountMax = 256 * 1024
    /// A body that the answer did not need is read to its end if it is this short; otherwise the connection
    /// ends.
    static let discardByteCountMax: UInt64 = 64 * 1024
    /// What an HTTP/2 client has, once it was told that the end is near, before its new streams are refused:
    /// more than a round trip anywhere (RFC 9113 section 6.8).
    static let noticeMilliseconds: UInt64 = 1_000
}

extension ConnectionLimits {
    /// Descriptors for everything that is not a connection: listeners, pollers, segments, frames being
    /// mapped.
    private static let descriptorsReserved = 64

    /// What each of so many loops may hold of uploads: room for two of the largest items in any case, or one
    /// that is allowed could not be sent (`UploadMemory`).
    func uploadByteCountMax(ofEach loopCount: Int, itemByteCountMax: Int) -> Int {
        max(uploadByteCountMax / loopCount, 2 * (itemByteCountMax + UploadMemory.littleByteCountMax))
    }

    /// How many connections the process has descriptors for, at most `connectionsMax`.
    func connectionsUsable(logger: Logger) -> Int {
        let descriptors = ProcessLimits.raiseDescriptorsMax()
        let reserved = Self.descriptorsReserved + operatorConnectionsMax
        let usable = max(1, min(connectionsMax, descriptors - reserved))
        ProcessLimits.reserveDescriptors(min(descriptors, usable + reserved))
        if usable < connectionsMax {
            logger.warning(
                "the system allows \(descriptors) descriptors; at most \(usable) connections are taken",
                metadata: ["wanted": "\(connectionsMax)"])
        }
        return usable
    }
}
