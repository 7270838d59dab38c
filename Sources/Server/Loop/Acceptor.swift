import Posix

/// A listening socket of one loop, and whether it is paused because there was no descriptor for one more
/// connection.
final class Acceptor {
    let listener: Listener
    let service: Service
    let token: UInt64
    var isPaused = false

    init(listener: consuming Listener, service: Service, token: UInt64) {
        self.listener = listener
        self.service = service
        self.token = token
    }
}
