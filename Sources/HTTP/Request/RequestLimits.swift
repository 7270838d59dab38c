/// What a request's head may take. Each limit has its own status code.
package struct RequestLimits: Sendable {
    /// Method, target and version with the line's end: 414 beyond. RFC 9112 section 3 asks for 8,000 at the
    /// least.
    package var requestLineByteCountMax = 8 * 1024
    /// All field lines together: 431 beyond (RFC 6585 section 5).
    package var fieldSectionByteCountMax = 32 * 1024
    /// Field lines: 431 beyond.
    package var fieldCountMax = 100

    package init() {}
}
