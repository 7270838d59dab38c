import ArgumentParser
import Bytes
import HTTPClient
import Posix
import TLS

/// `syncstreamer get`: fetches a frame, and lets nothing out that was not checked.
struct GetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Fetch a frame to a file or standard output, checking its digest and structure.",
        discussion: """
            Nothing is written before the frame is there as a whole and its octets are those that the server \
            vouches for; a file that was there before is replaced at once, or left as it was.

            Examples:

              syncstreamer get latest --output latest.frame
              syncstreamer get 2026-11-23T10:36:56Z | syncstreamer inspect -
            """)

    @Argument(
        help: "A frame's id, 'latest', or a time in it: milliseconds since 1970 or 2026-11-23T10:36:56Z.")
    var frame: FrameSelector

    @Option(help: ArgumentHelp("Where the frame is written. (default: standard output)", valueName: "file"))
    var output: String?

    @OptionGroup(title: "Server") var serverOptions: ServerOptions

    func run() throws {
        if output == nil && Terminal.isOutput {
            throw ValidationError(
                "a frame is no text: give --output FILE, or pipe it into 'syncstreamer inspect -'")
        }
        let server = try serverOptions.server()
        if let output, output != "-" {
            try fetch(from: server, to: output)
        } else {
            try fetchToStandardOutput(from: server)
        }
    }

    private func fetch(from server: RemoteServer, to path: String) throws {
        // From here on a signal must not leave the temporary file behind.
        let interruption = try Interruption()
        let target = try TemporaryFile(beside: path)
        let byteCount = try fetch(from: server, into: target.file) { interruption.isRequested }
        try target.keep()
        Lines.say("\(path): \(Quantities.size(byteCount))")
    }

    private func fetchToStandardOutput(from server: RemoteServer) throws {
        let target = try TemporaryFile(in: Environment.value(of: "TMPDIR") ?? "/tmp")
        target.remove()
        let byteCount = try fetch(from: server, into: target.file) { false }
        var position: UInt64 = 0
        var buffer = Buffer()
        while position < byteCount {
            buffer.removeAll()
            position += UInt64(try target.file.read(at: position, count: Self.pieceByteCount, into: &buffer))
            if !StandardStreams.writeOutput(buffer.octets) { throw CommandFailure.outputFailed }
        }
    }

    /// Fetches the frame that is meant and checks it; returns its length.
    private func fetch(
        from server: RemoteServer, into file: File, unless isCancelled: () -> Bool
    ) throws -> UInt64 {
        switch frame {
        case .latest: return try fetch(server.latestFrame(), from: server, into: file, unless: isCancelled)
        case .moment(let milliseconds):
            return try fetch(covering: milliseconds, from: server, into: file, unless: isCancelled)
        case .number(let number):
            do {
                return try fetch(String(number), from: server, into: file, unless: isCancelled)
            } catch let refusal as ServerRefusal where refusal.status == 404 {
                // No frame begins there, but one may cover it.
                guard let id = try server.frame(at: number) else { throw refusal }
                return try fetch(id, from: server, into: file, unless: isCancelled)
            }
        }
    }

    private func fetch(
        covering milliseconds: UInt64, from server: RemoteServer, into file: File,
        unless isCancelled: () -> Bool
    ) throws -> UInt64 {
        guard let id = try server.frame(at: milliseconds) else {
            throw CommandFailure("\(server.base.text) has no frame of \(Quantities.moment(milliseconds))")
        }
        return try fetch(id, from: server, into: file, unless: isCancelled)
    }

    private func fetch(
        _ id: String, from server: RemoteServer, into file: File, unless isCancelled: () -> Bool
    ) throws -> UInt64 {
        let download = FrameDownload(into: file, progress: ProgressBar())
        let request: HTTPRequest
        let response: HTTPResponse
        do {
            (request, response) = try server.get([id], into: download, unless: isCancelled)
        } catch {
            download.abandon()
            throw error
        }
        let digest = download.finish()
        if !response.isSuccess { throw ServerRefusal(request, response) }
        if try !FrameProof.check(digest, against: response, url: request.url) {
            Lines.say("\(request.url): the answer has no digest, so only the frame's structure was checked")
        }
        let mapped = try file.map()
        try FrameProof.check(mapped.octets, id: id, url: request.url)
        return download.byteCount
    }

    private static let pieceByteCount = 64 * 1024
}
