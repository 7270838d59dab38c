/// How a client reaches servers, and how long it waits. Proxies are what libcurl's environment says (curl(1),
/// "ENVIRONMENT").
package struct HTTPClientSettings: Sendable {
    /// A PEM file with the certificates to trust instead of the system's.
    package var trustedCertificateFile: String?
    /// A PEM file with the client's own certificate, for servers that ask for one.
    package var clientCertificateFile: String?
    /// A PEM file with its key; nil where the same file holds both.
    package var clientKeyFile: String?
    /// Takes any certificate for any name: for a first look, never for secrets.
    package var acceptsAnyCertificate = false
    /// Sent as User-Agent.
    package var userAgent = "syncstreamer"
    /// From the first packet to a finished handshake. Longer than any network takes that works.
    package var connectTimeoutMilliseconds = 10_000
    /// A transfer in which nothing moves for so long has failed. A server may take some seconds to sync its
    /// disk.
    package var stallTimeoutSeconds = 30
    /// The most octets of a response kept in memory.
    package var bodyByteCountMax = 64 << 20
    /// Redirections followed, of GET and HEAD alone: a load balancer and a CDN may each add one.
    package var redirectionsMax = 5

    package init() {}
}
