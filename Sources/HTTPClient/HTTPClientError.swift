import CCurl

/// A request that got no answer: which URL, what failed, and what to do.
package struct HTTPClientError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it was, as far as callers act on it.
    package enum Kind: Sendable, Equatable {
        /// The network, or the server's own words: trying again may help.
        case transfer
        /// The address, the certificate, or what is trusted: trying again won't help.
        case setup
        /// The caller asked to end it.
        case cancelled
        /// The response had more octets than the client takes.
        case tooLarge
    }

    /// What was asked for.
    package let url: String
    package let kind: Kind
    /// What failed.
    package let problem: String
    /// What to do about it, where anything but trying again helps.
    package let advice: String?
    /// Whether the server may have had the request, or a part of it: there was a connection.
    package let mayHaveArrived: Bool

    package var description: String {
        advice.map { "\(url): \(problem); \($0)" } ?? "\(url): \(problem)"
    }

    init(
        _ url: String, _ kind: Kind, _ problem: String, advice: String? = nil, mayHaveArrived: Bool = true
    ) {
        self.url = url
        self.kind = kind
        self.problem = problem
        self.advice = advice
        self.mayHaveArrived = mayHaveArrived
    }

    /// - Parameters:
    ///   - code: what libcurl returned (libcurl-errors(3)).
    ///   - detail: what it wrote into its error buffer, which may be nothing.
    init(_ url: String, code: CURLcode, detail: String, settings: HTTPClientSettings) {
        // SAFETY: the text is static (curl_easy_strerror(3)).
        let name = unsafe String(cString: curl_easy_strerror(code))
        let problem = detail.isEmpty ? name : detail
        switch code {
        case CURLE_ABORTED_BY_CALLBACK:
            self.init(url, .cancelled, "interrupted")
        case CURLE_PEER_FAILED_VERIFICATION:
            self.init(
                url, .setup, "the server's certificate is not trusted (\(problem))",
                advice: settings.trustedCertificateFile == nil
                    ? "name the file of its certificate with --cacert"
                    : "check that --cacert names its certificate")
        case CURLE_SSL_CACERT_BADFILE:
            self.init(
                url, .setup,
                "\(settings.trustedCertificateFile ?? "the system's certificates") can't be read",
                advice: "--cacert takes a PEM file")
        case CURLE_SSL_CERTPROBLEM:
            self.init(
                url, .setup, "the client's own certificate can't be used (\(problem))",
                advice: "--client-cert and --client-key take PEM files of a certificate and its key")
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST:
            self.init(
                url, .transfer, problem, advice: "check --url, and that the server runs",
                mayHaveArrived: false)
        case CURLE_COULDNT_RESOLVE_PROXY:
            self.init(
                url, .transfer, problem, advice: "check https_proxy and no_proxy in the environment",
                mayHaveArrived: false)
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            self.init(url, .setup, problem, advice: "an address is such as https://localhost:8080")
        case CURLE_SSL_CONNECT_ERROR:
            self.init(
                url, .transfer, "no TLS connection (\(problem))",
                advice: "check that the port is one with TLS", mayHaveArrived: false)
        case CURLE_OPERATION_TIMEDOUT:
            self.init(url, .transfer, "took too long (\(problem))")
        default:
            self.init(url, .transfer, problem)
        }
    }
}
