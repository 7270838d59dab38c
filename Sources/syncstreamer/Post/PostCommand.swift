import ArgumentParser
import Bytes
import HTTP
import HTTPClient
import Posix

/// `syncstreamer post`: posts one item.
struct PostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "post",
        abstract: "Post one item: an argument, a file, or standard input.",
        discussion: """
            Examples:

              syncstreamer post kitchen '{"celsius": 21.5}' --secret-from data/secret
              syncstreamer post camera --file a.jpg --content-type application/octet-stream
            """)

    @Argument(help: "The channel's id.")
    var channel: String

    @Argument(help: "The item. (default: standard input to its end)")
    var data: String?

    @Option(help: ArgumentHelp("Post a file's octets; '-' is standard input.", valueName: "file"))
    var file: String?

    @Option(
        help: ArgumentHelp(
            "How the item is to be read: application/json or application/octet-stream.",
            valueName: "media type"))
    var contentType = "application/json"

    @Option(help: "The channel's type. (default: the content type)")
    var type: String?

    @Option(
        help: ArgumentHelp(
            "The item's time: milliseconds since 1970, or 2026-11-23T10:36:56Z. (default: the server's)",
            valueName: "time"))
    var timestamp: Moment?

    @Option(help: ArgumentHelp("How long ago the item was taken, such as 500ms.", valueName: "duration"))
    var age: TimeSpan?

    @Flag(help: "Print the server's answer as JSON.")
    var json = false

    @OptionGroup(title: "Server") var serverOptions: ServerOptions
    @OptionGroup(title: "Secret") var secretOptions: SecretOptions

    func validate() throws {
        if data != nil && file != nil {
            throw ValidationError("give the item as an argument or with --file, not both")
        }
        if timestamp != nil && age != nil { throw ValidationError("give --timestamp or --age, not both") }
        if channel.isEmpty { throw ValidationError("a channel's id can't be empty") }
        guard contentType.utf8.allSatisfy({ 0x20...0x7E ~= $0 }), !contentType.isEmpty else {
            throw ValidationError("--content-type takes a media type such as application/octet-stream")
        }
    }

    func run() throws {
        let secret = try secretOptions.secret()
        let server = try serverOptions.server()
        let item = PostedItem(
            channel: channel, contentType: contentType, data: try octets(), channelType: type,
            timestamp: timestamp?.milliseconds, age: age)
        // The server would refuse it too, but not before it had all of it, and some texts are long.
        if contentType == "application/json", let fault = JSONValidator.fault(in: item.data.span) {
            throw CommandFailure(
                "the item is not JSON: \(fault.reason) (at octet \(fault.offset)); "
                    + "for other data give --content-type application/octet-stream")
        }
        let answer = try server.post(item, secret: secret)
        if json {
            Lines.print(String(decoding: answer.body, as: UTF8.self))
        } else {
            let frame = JSONValue(answer.body.span)?["frame"]?.text ?? "?"
            Lines.print("accepted, for frame \(PlainText.text(frame))")
        }
    }

    private func octets() throws -> [UInt8] {
        if let data { return Array(data.utf8) }
        if let file, file != "-" { return try WholeFile.read(file, byteCountMax: Self.itemByteCountMax) }
        if Terminal.isInput { Lines.say("reading the item from the terminal, to Ctrl-D") }
        let input = try StandardInput.readAll(byteCountMax: Self.itemByteCountMax)
        return input.octets.copied()
    }

    /// The most that any server takes as one item.
    private static let itemByteCountMax = 1 << 30
}

/// A moment as options take it: milliseconds since the UNIX epoch, or RFC 3339.
struct Moment: OptionValue, Equatable {
    static let form = "milliseconds since 1970, or a time such as 2026-11-23T10:36:56Z"

    let milliseconds: UInt64

    init?(argument: String) {
        let octets = Array(argument.utf8)
        guard let milliseconds = octets.span.decimal() ?? UTCTime.milliseconds(rfc3339: argument) else {
            return nil
        }
        self.milliseconds = milliseconds
    }
}
