import Bytes

/// What a server answered.
package struct HTTPResponse: Sendable {
    /// The status code, 200 to 599.
    package internal(set) var status: Int
    /// The header fields in their order, names in lower case.
    package internal(set) var fields: [(name: String, value: String)] = []
    /// The content, unless a sink took it.
    package internal(set) var body: [UInt8] = []

    /// Whether the status says that what was asked for was done.
    package var isSuccess: Bool { 200...299 ~= status }

    /// The value of the first field called `name`, which is given in lower case.
    package func value(of name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    /// Takes one line of a header: a status line, which begins a header anew, a field, or the empty last
    /// line.
    ///
    /// There is more than one header where a `100 Continue` or a redirection came before the answer.
    mutating func take(headerLine octets: Span<UInt8>) {
        let line = String(decoding: octets.copied(), as: UTF8.self).trimmingBlanks
        if line.hasPrefix("HTTP/") {
            let words = line.split(separator: " ", maxSplits: 2)
            status = words.count > 1 ? Int(words[1]) ?? 0 : 0
            fields = []
            body = []
        } else if let colon = line.firstIndex(of: ":") {
            fields.append(
                (line[..<colon].lowercased(), String(line[line.index(after: colon)...]).trimmingBlanks))
        }
    }
}

/// Takes the content of a successful response piece by piece, so that it never has to fit in memory.
package protocol ResponseSink: AnyObject {
    /// Comes once, with the header, before the first octets.
    func begin(_ response: HTTPResponse) throws
    /// The next octets. What is thrown ends the transfer, and comes out of it.
    func take(_ octets: Span<UInt8>) throws
}

extension String {
    /// The text without spaces, tabs and line ends around it.
    fileprivate var trimmingBlanks: String {
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0D, 0x0A]
        var octets = Substring(self).utf8
        while let first = octets.first, blanks.contains(first) { octets.removeFirst() }
        while let last = octets.last, blanks.contains(last) { octets.removeLast() }
        return String(Substring(octets))
    }
}
