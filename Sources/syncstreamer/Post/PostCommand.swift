import ArgumentParser
import Bytes
import HTTP
import HTTPClient
import Posix

/// `syncstreamer post`: posts one item, or all that standard input brings.
struct PostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "post",
        abstract: "Post items: an argument, a file, or standard input for as long as it lasts.",
        discussion: """
            Standard input is read line by line: each is a JSON value and an item (NDJSON). With \
            --records it is a stream of records: a timestamp in milliseconds and a size, 8 octets each in \
            network byte order, and as many octets of data. What there is is posted at once, in batches \
            that are tried again, until they are acknowledged, when the server is away: each has a key, so \
            that none is stored twice. The server remembers keys for five minutes: where a batch was sent \
            and no answer came for that long, it ends, and says which items may be stored or not. Refused \
            items are told by number, from 0. Exit status 1 says that not all were acknowledged.

            Examples:

              syncstreamer post kitchen '{"celsius": 21.5}' --secret-from data/secret
              syncstreamer post camera --file a.jpg --content-type application/octet-stream
              mosquitto_sub -t kitchen | syncstreamer post kitchen --secret-from secret
              syncstreamer post kitchen 21.5 --client-cert device.pem
            """)

    @Argument(help: "The channel's id.")
    var channel: String

    @Argument(help: "The item. (default: items from standard input)")
    var data: String?

    @Option(help: ArgumentHelp("Post a file's octets as one item; '-' is standard input.", valueName: "file"))
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

    @Flag(help: "Standard input is records instead of lines.")
    var records = false

    @Flag(help: "Print the server's answer, or the counts, as JSON.")
    var json = false

    @OptionGroup(title: "Server") var serverOptions: ServerOptions
    @OptionGroup(title: "Secret") var secretOptions: SecretOptions

    func validate() throws {
        if data != nil && file != nil {
            throw ValidationError("give the item as an argument or with --file, not both")
        }
        if records && !isStream {
            throw ValidationError("--records is for standard input; leave out the item and --file")
        }
        if isStream && (timestamp != nil || age != nil) {
            throw ValidationError("--timestamp and --age are for one item; records have their own times")
        }
        if timestamp != nil && age != nil { throw ValidationError("give --timestamp or --age, not both") }
        if channel.isEmpty { throw ValidationError("a channel's id can't be empty") }
        guard contentType.utf8.allSatisfy({ 0x20...0x7E ~= $0 }), !contentType.isEmpty else {
            throw ValidationError("--content-type takes a media type such as application/octet-stream")
        }
    }

    /// Items come from standard input.
    private var isStream: Bool { data == nil && file == nil }

    func run() throws {
        if isStream { return try postStream() }
        let secret = try secret()
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
            try Lines.print(String(decoding: answer.body, as: UTF8.self))
        } else {
            let frame = JSONValue(answer.body.span)?["frame"]?.text ?? "?"
            try Lines.print("accepted, for frame \(PlainText.text(frame))")
        }
    }

    private func secret() throws -> String? {
        try secretOptions.secret(isRequired: serverOptions.clientCert == nil)
    }

    private func postStream() throws {
        // First of all, so that no thread takes a signal by itself.
        let interruption = try Interruption()
        let form: ItemBatcher.Form = records ? .records : .lines
        var posting = ItemPosting(
            to: try serverOptions.server(), secret: try secret(), channel: channel,
            channelType: type, form: form)
        if Terminal.isInput { Lines.say("reading items from the terminal, a line each, to Ctrl-D") }
        let input = ItemInput(form)
        var isWhole = false
        do {
            while let batch = try input.next(until: interruption) {
                guard try posting.post(batch, until: interruption) else { break }
            }
            isWhole = input.isAtEnd
        } catch {
            posting.finish()
            try Lines.print(summary(of: posting))
            throw error
        }
        posting.finish()
        try Lines.print(summary(of: posting))
        if input.isTorn { throw CommandFailure("standard input ended within a record; the rest was posted") }
        if !isWhole || posting.rejectedCount > 0 { throw ExitCode(1) }
    }

    private func summary(of posting: ItemPosting) -> String {
        if json {
            var octets = Array("{\"accepted\":\(posting.acceptedCount)".utf8)
            octets.append(utf8: ",\"rejected\":\(posting.rejectedCount),\"frame\":")
            if let frame = posting.lastFrame {
                JSONWriter.append(frame, to: &octets)
            } else {
                octets.append("null")
            }
            octets.append("}")
            return String(decoding: octets, as: UTF8.self)
        }
        var words = "\(Quantities.count(posting.acceptedCount, "item")) acknowledged"
        if posting.rejectedCount > 0 { words += ", \(posting.rejectedCount) refused" }
        if let frame = posting.lastFrame { words += ", the last for frame \(PlainText.text(frame))" }
        return words
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
