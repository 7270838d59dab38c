import ArgumentParser
import Bytes

/// Where a listener is to be: `127.0.0.1:8081`, `[::1]:8081`, or `off` for nowhere.
enum ListenAddress: OptionValue, Equatable {
    static let form = "HOST:PORT, such as 127.0.0.1:8081 or [::1]:8081, or off"

    case off
    case at(host: String, port: UInt16)

    init?(argument: String) {
        if argument == "off" {
            self = .off
            return
        }
        guard let colon = argument.lastIndex(of: ":") else { return nil }
        var host = argument[..<colon]
        let digits = Array(argument[argument.index(after: colon)...].utf8)
        guard let port = digits.span.decimal(), let port = UInt16(exactly: port) else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        if host.isEmpty { return nil }
        self = .at(host: String(host), port: port)
    }
}
