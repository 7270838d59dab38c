/// What can be fuzzed. A target's name is also that of its corpus, a folder of `Fuzz/Corpora`.
enum FuzzTarget: String, CaseIterable {
    case chunked
    case fields
    case frames
    case gzip
    case heads
    case http2
    case json
    case lines
    case log
    case logOctets = "log-octets"
    case queries
    case records
    case secrets

    /// Judges one input: returns where the code keeps its word, and traps where it doesn't.
    func run(_ octets: Span<UInt8>) {
        switch self {
        case .chunked: fuzzChunkedBody(octets)
        case .fields: fuzzFieldValues(octets)
        case .frames: fuzzFrame(octets)
        case .gzip: fuzzGzip(octets)
        case .heads: fuzzRequestHead(octets)
        case .http2: fuzzHTTP2(octets)
        case .json: fuzzJSON(octets)
        case .lines: fuzzLines(octets)
        case .log: fuzzDamagedLog(octets)
        case .logOctets: fuzzLogOctets(octets)
        case .queries: fuzzQuery(octets)
        case .records: fuzzRecords(octets)
        case .secrets: fuzzSecretFile(octets)
        }
    }
}
