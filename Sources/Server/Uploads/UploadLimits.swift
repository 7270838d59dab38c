/// What one upload may have under way.
enum UploadLimits {
    /// Octets of items that the log has not decided on; one item may go beyond.
    static let inFlightByteCountMax = 1 << 20
    /// Items that the log has not decided on.
    static let inFlightItemsMax = 8192
    /// Octets inflated at a time.
    static let pieceByteCount = 64 * 1024
    /// Memory for content that a stream keeps between its items, and an upload behind its end: for an item of
    /// common size.
    static let restByteCountMax = 4 * 1024
    /// Uploads that a loop keeps to use them again.
    static let sparesMax = 256
}
