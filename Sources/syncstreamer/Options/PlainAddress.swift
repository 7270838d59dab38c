import ArgumentParser
import Bytes

/// Where the listener without TLS is to be: as `ListenAddress`, or a port alone, which only this machine can
/// reach.
struct PlainAddress: OptionValue, Equatable {
    static let form = "HOST:PORT, such as 127.0.0.1:4242 or [::1]:4242, a PORT of 127.0.0.1, or off"

    let address: ListenAddress

    init?(argument: String) {
        let isPort = Array(argument.utf8).span.decimal() != nil
        guard let address = ListenAddress(argument: isPort ? "127.0.0.1:" + argument : argument) else {
            return nil
        }
        self.address = address
    }
}
