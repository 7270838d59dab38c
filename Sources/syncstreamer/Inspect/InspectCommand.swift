import ArgumentParser
import Bytes
import Posix
import TimeFrame

/// `syncstreamer inspect`: shows what is in a frame, or what is wrong with it.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show a frame's header, channels and items, or what is wrong with it and where.",
        discussion: """
            Examples:

              syncstreamer inspect latest.frame
              syncstreamer get latest | syncstreamer inspect - --json
            """)

    @Argument(help: "A frame's file, or '-' for standard input.")
    var file: String

    @Flag(help: "Print one JSON object; an item's data is in its member 'json', 'text' or 'base64'.")
    var json = false

    @Flag(help: "Print comma-separated values, a row an item; the column 'form' says what 'data' is.")
    var csv = false

    @Flag(
        help:
            "The frame has each channel's id before its type, as 'serve --compat-go' writes it."
    )
    var idFirst = false

    func validate() throws {
        if json && csv { throw ValidationError("give --json or --csv, not both") }
    }

    func run() throws {
        if file == "-" {
            let octets = try StandardInput.readAll(byteCountMax: Self.inputByteCountMax)
            try show(octets.octets, named: "standard input")
        } else {
            let name = Substring(file)
            let slash = name.lastIndex(of: "/")
            let folder = slash.map { $0 == name.startIndex ? "/" : String(name[..<$0]) } ?? "."
            let directory = try Directory(opening: folder)
            let opened = try directory.open(
                slash.map { String(name[name.index(after: $0)...]) } ?? file, .read)
            if try opened.isRegular() {
                let mapped = try opened.map()
                try show(mapped.octets, named: file)
            } else {
                let octets = try opened.readToEnd(byteCountMax: Self.inputByteCountMax)
                try show(octets.octets, named: file)
            }
        }
    }

    /// What to do where octets that are no frame in one order are one in the other.
    static func advice(_ octets: Span<UInt8>, isIDFirst: Bool) -> String {
        do throws(FrameError) {
            _ = try FrameReader(octets, order: isIDFirst ? .typeFirst : .idFirst)
        } catch {
            return ""
        }
        return isIDFirst ? "; it is one without --id-first" : "; it is one with --id-first"
    }

    private func show(_ octets: Span<UInt8>, named name: String) throws {
        let frame: FrameReader
        do throws(FrameError) {
            frame = try FrameReader(octets, order: idFirst ? .idFirst : .typeFirst)
        } catch {
            let advice = Self.advice(octets, isIDFirst: idFirst)
            throw CommandFailure("\(name) is no frame: \(error)\(advice)")
        }
        var output = OutputWriter()
        if json {
            FrameJSON.append(frame, to: &output)
        } else if csv {
            FrameCSV.append(frame, to: &output)
        } else {
            FrameTable(style: .output).append(frame, to: &output)
        }
        try output.finish()
    }

    /// Standard input and pipes have to be held in memory; a file has not.
    private static let inputByteCountMax = 1 << 30
}
