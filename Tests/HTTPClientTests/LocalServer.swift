// The server of local_server.py as a process, which ends with this object: its standard input is closed.
import Foundation

final class LocalServer {
    let url: String
    private let process = Process()
    private let input = Pipe()

    /// Returns when the server has said its port: it accepts connections by then.
    init() throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("local_server.py")
        process.arguments = ["python3", script.path]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line: [UInt8] = []
        while let octet = try output.fileHandleForReading.read(upToCount: 1)?.first,
            octet != UInt8(ascii: "\n")
        {
            line.append(octet)
        }
        url = "http://127.0.0.1:" + String(decoding: line, as: UTF8.self)
    }

    deinit {
        try? input.fileHandleForWriting.close()  // The server may have ended before.
        process.waitUntilExit()
    }
}
