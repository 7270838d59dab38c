import Bytes
import HTTPClient
import Posix
import TLS

/// Writes a frame to a file as it arrives, and takes its digest meanwhile.
final class FrameDownload: ResponseSink {
    private let file: File
    private let hash = SHA256()
    private var progress: ProgressBar
    private var expected: UInt64?
    private(set) var byteCount: UInt64 = 0

    /// - Parameter file: new and empty.
    init(into file: File, progress: ProgressBar) {
        self.file = file
        self.progress = progress
    }

    func begin(_ response: HTTPResponse) throws {
        expected = response.value(of: "content-length").flatMap { UInt64($0) }
    }

    func take(_ octets: Span<UInt8>) throws {
        hash.update(octets)
        try file.write(octets, at: byteCount)
        byteCount += UInt64(octets.count)
        progress.update(byteCount, of: expected)
    }

    /// The SHA-256 of all that came.
    func finish() -> [UInt8] {
        progress.finish()
        return hash.finish()
    }

    /// Takes the progress bar away.
    func abandon() { progress.finish() }
}
