import HTTP

/// How an upload's body came to its end.
enum UploadEnding: Sendable, Equatable {
    /// It was read as a whole.
    case complete
    /// It breaks HTTP's rules.
    case malformed(RequestFault)
    /// It ended within a record.
    case tornRecord
    /// It is no gzip, or was changed or cut on its way.
    case corruptGzip
    /// It is one item, and that is over the limit.
    case tooLarge
    /// So few octets stand for so many that they can't be data.
    case tooDense
    /// There is no memory for the rest of an item.
    case memoryFull
    /// Nothing more came for too long.
    case timedOut
    /// The client ended its direction in the middle of it.
    case cutOff
    /// The server is stopping.
    case draining
    /// The log takes no more; the tally says why.
    case refused
    /// Its secret, or its address, has had what it may have; the next may come after so many seconds.
    case rateLimited(RateRefusal)
    /// Its key belongs to another body.
    case keyConflict
    /// There are as many keys as may be.
    case keysFull
    /// A later request has the same key and goes on.
    case superseded

    /// Whether what had come of the next item is lost through no doing of the client's.
    var isServersOwn: Bool {
        switch self {
        case .memoryFull, .draining, .refused, .rateLimited, .keysFull, .superseded: true
        case .complete, .malformed, .tornRecord, .corruptGzip, .tooLarge, .tooDense, .timedOut, .cutOff,
            .keyConflict:
            false
        }
    }
}
