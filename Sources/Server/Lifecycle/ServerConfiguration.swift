package import FrameLog
package import HTTP
package import HTTP2
package import Logging

/// Everything a server is started with. The command fills it from options and environment; tests fill it
/// directly.
package struct ServerConfiguration: Sendable {
    /// Where `dataDirectory` is unless another is chosen.
    package static let defaultDataDirectory = "./data"

    /// Numeric addresses to listen on.
    package var hosts = ["0.0.0.0", "::"]
    /// The TCP port; 0 takes a free one.
    package var port: UInt16 = 8080
    /// Where the log, the frames and what the first start makes are kept. Made if missing.
    package var dataDirectory = Self.defaultDataDirectory
    /// PEM files, and their keys in the same order. Without them a self-signed certificate is made in the
    /// data directory.
    package var certificateFiles: [String] = []
    package var keyFiles: [String] = []
    /// A PEM file with the authorities of clients' certificates; nil asks clients for none.
    package var clientAuthorityFile: String?
    /// A file with a line a secret.
    package var secretFile: String?
    /// One secret for all channels, from the environment.
    package var secret: String?
    package var log = FrameLogSettings()
    /// Which frames are kept.
    package var retention = Retention()
    /// Event loops; nil takes one a processor.
    package var loopCount: Int?
    /// Where `/healthz`, `/readyz` and `/metrics` are served without TLS; nil nowhere.
    package var admin: (host: String, port: UInt16)? = ("127.0.0.1", 8081)
    /// Where frames and uploads are served without TLS too; nil nowhere. Port 0 takes a free one.
    package var plain: (host: String, port: UInt16)?
    /// Whether posts need no secret there.
    package var trustsPlain = false
    /// Whether paths, the index and new frames are as the Go server's clients expect them.
    package var isGoCompatible = false
    package var limits = ConnectionLimits()
    package var requestLimits = RequestLimits()
    package var http2Limits = HTTP2Limits()
    package var rates = RateLimits()
    /// The origin that may read from scripts; `*` is every one.
    package var corsOrigin = "*"
    /// How long browsers are to take no other than TLS from this host (RFC 6797), in seconds; nil says
    /// nothing.
    package var strictTransportSeconds: UInt64?
    /// How many times its size a body in gzip may stand for: JSON readings rarely pass 50, a bomb has 1,000.
    package var gzipRatioMax: UInt64 = 200
    /// How long a stopping server lets what is in flight go on.
    package var drainTimeoutMilliseconds: UInt64 = 10_000
    /// A congestion control algorithm for the listeners (tcp(7)); nil leaves the system's.
    package var congestionControl: String?
    /// Whether the kernel is to make records of TLS 1.3, where it can (`KernelRecords`).
    package var wantsKernelRecords = false
    /// Where a line an answer goes; nil nowhere.
    package var accessLog: AccessLogPlace?
    package var accessLogFormat = AccessLogFormat.text
    /// Where lines for the operator go.
    package var logger = Logger(label: "syncstreamer")

    package init() {}
}

/// Why a server could not start: what was wrong, and what to do about it.
package struct StartError: Error, CustomStringConvertible {
    package let description: String

    /// - Parameter description: one line that names the thing and what to do.
    package init(_ description: String) {
        self.description = description
    }
}
