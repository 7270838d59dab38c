// A secret file that is read says the same when it is written again, line by line; a secret that is added or
// revoked changes nothing else; a pattern means the channels that it says.
import Bytes
import Server

/// The target `secrets`: a secret file, and behind the last line feed the id of a channel.
func fuzzSecretFile(_ text: Span<UInt8>) {
    let entries: [SecretEntry]
    do throws(SecretFileError) {
        entries = try SecretFile.entries(in: text, named: "file")
    } catch {
        require(error.file == "file" && !error.advice.isEmpty, "a fault says what to do")
        require((error.line ?? 1) >= 1, "lines are counted from 1")
        return
    }
    var written: [UInt8] = []
    for entry in entries {
        written.append(utf8: entry.line)
        written.append("\n")
    }
    // Escapes take more room than what they stand for, so that a file near the limit may pass it.
    if written.count <= SecretFile.byteCountMax {
        require(read(written.span) == entries, "what was read can be written and read")
    }
    change(text, entries)

    var start = 0
    while let index = text.firstIndex(of: UInt8(ascii: "\n"), from: start) { start = index + 1 }
    let channel = text.extracting(start...)
    for pattern in entries.flatMap(\.patterns) {
        let isMeant = means(Array(pattern.text.utf8), channel.copied())
        require(pattern.matches(channel) == isMeant, "a pattern means what it says")
    }
}

private func read(_ text: Span<UInt8>) -> [SecretEntry]? { try? SecretFile.entries(in: text, named: "file") }

private func change(_ text: Span<UInt8>, _ entries: [SecretEntry]) {
    let name = "~new"
    if entries.count < SecretFile.entryCountMax && !entries.contains(where: { $0.name == name }) {
        let entry = SecretEntry(name: name, secret: text, expiry: SecretExpiry(secondsSinceEpoch: 1))
        guard let longer = try? SecretFile.adding(entry, to: text, named: "file") else {
            fatalError("a secret with a new name can be added")
        }
        if longer.count <= SecretFile.byteCountMax {
            require(read(longer.span) == entries + [entry], "a secret is added behind the others")
            let shorter = try? SecretFile.revoking(name, in: longer.span, named: "file")
            require(shorter.map { read($0.span) } == entries, "a secret that was added can be revoked")
        }
    }
    for (index, entry) in entries.prefix(3).enumerated() {
        guard let shorter = try? SecretFile.revoking(entry.name, in: text, named: "file") else {
            fatalError("a secret that is there can be revoked")
        }
        var others = entries
        others.remove(at: index)
        require(read(shorter.span) == others, "one secret is revoked, and no other")
    }
}

/// Whether a pattern as it is written means `channel`: by trying every length for each star.
private func means(_ pattern: [UInt8], _ channel: [UInt8]) -> Bool {
    // Whether what was read of the pattern so far means the first so many octets of the channel.
    var ends = [Bool](repeating: false, count: channel.count + 1)
    ends[0] = true
    var index = 0
    while index < pattern.count {
        if pattern[index] == UInt8(ascii: "*") {
            for end in ends.indices.dropFirst() where ends[end - 1] { ends[end] = true }
            index += 1
            continue
        }
        var octet = pattern[index]
        if octet == UInt8(ascii: "%") {
            let digits = pattern[(index + 1)...(index + 2)]
            octet = digits.reduce(0) { $0 << 4 | (Hex.value($1) ?? 0) }
            index += 2
        }
        for end in ends.indices.reversed() {
            ends[end] = end > 0 && ends[end - 1] && channel[end - 1] == octet
        }
        index += 1
    }
    return ends[channel.count]
}
