import ArgumentParser
import Bytes
import Posix
import TimeFrame

/// `syncstreamer inspect`: shows what is in frames, or what is wrong with one.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show a frame's header, channels and items, or what is wrong with it and where.",
        discussion: """
            Of more than one frame, --json prints an object a line, and --csv one table. Its columns are \
            channel, type, timestamp (milliseconds since 1970), time (the same in UTC), size (octets), form \
            and data, and always these; 'form' says whether 'data' is json, text or base64. Each --member \
            adds a column with that member of JSON items.

            Examples:

              syncstreamer inspect latest.frame
              syncstreamer get latest | syncstreamer inspect - --json
              syncstreamer inspect --csv --member celsius --member position.x frames/*.frame
            """)

    @Argument(help: "Files of frames; '-' is standard input.")
    var files: [String]

    @Flag(help: "Print one JSON object; an item's data is in its member 'json', 'text' or 'base64'.")
    var json = false

    @Flag(help: "Print comma-separated values (RFC 4180), a row an item.")
    var csv = false

    @Option(
        help: ArgumentHelp(
            "A member of JSON items that gets a column of its own; may be given again.", valueName: "name"))
    var member: [String] = []

    @Flag(
        help:
            "The frame has each channel's id before its type, as 'serve --compat-go' writes it."
    )
    var idFirst = false

    func validate() throws {
        if json && csv { throw ValidationError("give --json or --csv, not both") }
        if !member.isEmpty && !csv { throw ValidationError("--member names a column of --csv; give both") }
    }

    func run() throws {
        var output = OutputWriter()
        let table = FrameCSV(members: member)
        for (index, file) in files.enumerated() {
            let opened = try FrameFile(file)
            let mapped = opened.mapped
            // What was shown before a broken frame is sound, and is not to come after its error.
            do {
                try show(
                    mapped.octets, named: opened.name, isFirst: index == 0, as: table, to: &output)
            } catch {
                output.flush()
                throw error
            }
        }
        try output.finish()
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

    private func show(
        _ octets: Span<UInt8>, named name: String, isFirst: Bool, as table: FrameCSV,
        to output: inout OutputWriter
    ) throws {
        let frame: FrameReader
        do throws(FrameError) {
            frame = try FrameReader(octets, order: idFirst ? .idFirst : .typeFirst)
        } catch {
            let advice = Self.advice(octets, isIDFirst: idFirst)
            throw CommandFailure("\(name) is no frame: \(error)\(advice)")
        }
        if json {
            FrameJSON.append(frame, to: &output)
        } else if csv {
            if isFirst { table.appendNames(to: &output) }
            table.append(frame, to: &output)
        } else {
            if !isFirst { output.append("\n") }
            FrameTable(style: .output).append(frame, to: &output)
        }
    }
}
