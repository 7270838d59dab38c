import Bytes
import HTTPClient
import Posix
import TLS

extension RemoteServer {
    /// Fetches a frame into a file and checks it: its digest, as far as the server says one, and its
    /// structure.
    ///
    /// - Parameters:
    ///   - file: new and empty; holds the frame only where this returns its length.
    ///   - digest: the SHA-256 of a frame that is there already. Where it is still the server's, nothing is
    ///     fetched, and this returns nil.
    /// - Returns: the frame's length.
    /// - Throws: `ServerRefusal`, `HTTPClientError`, or `CommandFailure` where what came is not the frame.
    func fetch(
        _ id: String, into file: File, unlessItIs digest: [UInt8]? = nil,
        progress: ProgressBar = ProgressBar(isShown: false), unless isCancelled: () -> Bool
    ) throws -> UInt64? {
        let download = FrameDownload(into: file, progress: progress)
        let fields = digest.map { [(name: "If-None-Match", value: FrameProof.tag(of: $0))] } ?? []
        let request: HTTPRequest
        let response: HTTPResponse
        do {
            (request, response) = try get([id], fields: fields, into: download, unless: isCancelled)
        } catch {
            download.abandon()
            throw error
        }
        let got = download.finish()
        if digest != nil && response.status == 304 { return nil }
        if !response.isSuccess { throw ServerRefusal(request, response) }
        if try !FrameProof.check(got, against: response, url: request.url) {
            Lines.say("\(request.url): the answer has no digest, so only the frame's structure was checked")
        }
        let mapped = try file.map()
        try FrameProof.check(mapped.octets, id: id, url: request.url)
        return download.byteCount
    }
}
