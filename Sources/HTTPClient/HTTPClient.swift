import Bytes
import CCurl
import Glibc

/// Sends requests through libcurl, one after the other, and keeps connections open between them. One thread.
///
/// HTTP/2 is taken where the server offers it (ALPN) and libcurl has it. Over the whole process, SIGPIPE is
/// ignored from the first client on: a peer that closed early must be an error of the write, not the end of
/// the process.
@safe
package final class HTTPClient {
    private let handle: UnsafeMutableRawPointer
    private let settings: HTTPClientSettings

    /// curl_global_init(3) is for once, before any other call.
    private static let isPrepared: Bool = {
        signal(SIGPIPE, SIG_IGN)
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    }()

    /// Makes a client without a connection yet.
    package init(_ settings: HTTPClientSettings = HTTPClientSettings()) {
        precondition(Self.isPrepared, "libcurl can't be initialised")
        // SAFETY: a new handle, this object's own, freed by `deinit` alone.
        guard let handle = unsafe curl_easy_init() else { fatalError("libcurl has no memory for a handle") }
        unsafe self.handle = handle
        self.settings = settings
    }

    // SAFETY: the handle is in use only within `perform`, which holds a reference.
    deinit { unsafe curl_easy_cleanup(handle) }

    /// Sends a request and returns the answer with its content.
    ///
    /// - Parameter isCancelled: asked now and then, at least once a second; true ends the transfer.
    /// - Throws: `HTTPClientError` where there was no answer, or one with more than `bodyByteCountMax`
    ///   octets.
    package func send(
        _ request: HTTPRequest, unless isCancelled: () -> Bool = { false }
    ) throws -> HTTPResponse {
        try send(request, into: nil, unless: isCancelled)
    }

    /// Sends a request and hands the content of a successful answer to `sink`. An answer that says that
    /// something failed is returned with its content, and the sink sees nothing of it.
    ///
    /// - Throws: `HTTPClientError` where there was no answer, or what the sink threw.
    package func send(
        _ request: HTTPRequest, into sink: (any ResponseSink)?, unless isCancelled: () -> Bool = { false }
    ) throws -> HTTPResponse {
        try withoutActuallyEscaping(isCancelled) { isCancelled in
            let transfer = Transfer(
                sink: sink, bodyByteCountMax: settings.bodyByteCountMax, isCancelled: isCancelled)
            let (code, detail) = perform(request, transfer)
            if let failure = transfer.failure { throw failure }
            if transfer.isTooLarge {
                throw HTTPClientError(
                    request.url, .tooLarge, "the response has over \(settings.bodyByteCountMax) octets")
            }
            if code != CURLE_OK {
                throw HTTPClientError(request.url, code: code, detail: detail, settings: settings)
            }
            if let failure = transfer.finish() { throw failure }
            return transfer.response
        }
    }

    private func perform(_ request: HTTPRequest, _ transfer: Transfer) -> (CURLcode, String) {
        configure(request)
        // SAFETY: the list is freed at the end of this call alone, when libcurl has forgotten it.
        var lines = unsafe FieldLines()
        for field in request.fields { unsafe lines.append("\(field.name): \(field.value)") }
        // Left to itself, libcurl calls every content form data.
        if request.method == .post
            && !request.fields.contains(where: { $0.name.lowercased() == "content-type" })
        {
            unsafe lines.append("Content-Type:")
        }
        defer { unsafe lines.free() }
        var detail = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        // SAFETY: transfer, list, body and error buffer outlive curl_easy_perform, and the reset behind it
        // has libcurl forget all four, but not its connections, sessions and resolved names
        // (curl_easy_reset(3)).
        let code = unsafe detail.withUnsafeMutableBufferPointer { detail in
            unsafe request.body.withUnsafeBufferPointer { body in
                withExtendedLifetime(transfer) {
                    unsafe shim_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, detail.baseAddress)
                    unsafe shim_curl_set_pointer(handle, CURLOPT_HTTPHEADER, lines.list)
                    if request.method == .post {
                        unsafe shim_curl_set_offset(
                            handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
                        unsafe shim_curl_set_pointer(
                            handle, CURLOPT_POSTFIELDS, body.isEmpty ? nil : body.baseAddress)
                    }
                    unsafe transfer.attach(to: handle)
                    // The handle outlives what it was just given, and would still write to it when it is
                    // closed.
                    defer { unsafe curl_easy_reset(handle) }
                    return unsafe curl_easy_perform(handle)
                }
            }
        }
        return (
            code, String(decoding: detail.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        )
    }

    private func configure(_ request: HTTPRequest) {
        set(CURLOPT_URL, request.url)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_REDIR_PROTOCOLS_STR, "https")
        set(CURLOPT_USERAGENT, settings.userAgent)
        set(CURLOPT_PATH_AS_IS, 1)  // A channel may be called "..".
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        set(CURLOPT_CONNECTTIMEOUT_MS, settings.connectTimeoutMilliseconds)
        set(CURLOPT_LOW_SPEED_LIMIT, 1)
        set(CURLOPT_LOW_SPEED_TIME, request.stallTimeoutSeconds ?? settings.stallTimeoutSeconds)
        if let file = settings.trustedCertificateFile { set(CURLOPT_CAINFO, file) }
        if let file = settings.clientCertificateFile {
            set(CURLOPT_SSLCERT, file)
            set(CURLOPT_SSLKEY, settings.clientKeyFile ?? file)
        }
        if settings.acceptsAnyCertificate {
            set(CURLOPT_SSL_VERIFYPEER, 0)
            set(CURLOPT_SSL_VERIFYHOST, 0)
        }
        switch request.method {
        case .get: set(CURLOPT_HTTPGET, 1)
        case .head: set(CURLOPT_NOBODY, 1)
        case .post: set(CURLOPT_POST, 1)
        }
        if request.method != .post {
            set(CURLOPT_FOLLOWLOCATION, 1)
            set(CURLOPT_MAXREDIRS, settings.redirectionsMax)
        }
    }

    /// Sets an option that this libcurl may be too old to know: then its default stands.
    private func set(_ option: CURLoption, _ value: Int) {
        // SAFETY: options of numbers take a long (curl_easy_setopt(3)), and these are all of that kind.
        unsafe _ = shim_curl_set_number(handle, option, value)
    }

    private func set(_ option: CURLoption, _ value: String) {
        // SAFETY: libcurl copies the text (CURLOPT_URL(3) and its kin).
        unsafe _ = shim_curl_set_text(handle, option, value)
    }
}

/// libcurl's list of header lines (curl_slist_append(3)).
@unsafe
private struct FieldLines {
    private(set) var list: UnsafeMutablePointer<curl_slist>?

    /// - Parameter line: without line ends, which would begin a field of their own.
    mutating func append(_ line: String) {
        precondition(
            !line.utf8.contains { $0 == 0x0D || $0 == 0x0A || $0 == 0 }, "a header field is one line")
        // SAFETY: the text is copied; the list returned is the same one, or a new one at first.
        guard let longer = unsafe curl_slist_append(list, line) else {
            fatalError("no memory for a header field")
        }
        unsafe list = longer
    }

    // SAFETY: called once, after libcurl is done with the list.
    func free() { unsafe curl_slist_free_all(list) }
}
