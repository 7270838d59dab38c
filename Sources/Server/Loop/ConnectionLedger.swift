import Posix
import Synchronization

/// The ledger of each kind of listener.
struct ConnectionLedgers: Sendable {
    /// Of those for devices and viewers.
    let clients: ConnectionLedger
    /// Of the operator's.
    let operators: ConnectionLedger

    subscript(_ service: Service) -> ConnectionLedger { service == .admin ? operators : clients }
}

/// Counts open connections of all loops, in total and by network, and says whether one more may come.
///
/// Touched when a connection opens and when it closes, never between.
final class ConnectionLedger: Sendable {
    private let counts = Mutex<(total: Int, networks: [SocketNetwork: Int])>((0, [:]))
    private let totalMax: Int
    private let perNetworkMax: Int

    init(totalMax: Int, perNetworkMax: Int) {
        self.totalMax = totalMax
        self.perNetworkMax = perNetworkMax
    }

    /// Counts a connection in.
    ///
    /// - Returns: nil, or which limit is reached where it was not counted in.
    func admit(_ network: SocketNetwork) -> ConnectionRefusal? {
        counts.withLock { counts in
            if counts.total >= totalMax { return .total }
            let open = counts.networks[network, default: 0]
            if open >= perNetworkMax { return .address }
            counts.total += 1
            counts.networks[network] = open + 1
            return nil
        }
    }

    /// Counts a connection out that was admitted.
    func release(_ network: SocketNetwork) {
        counts.withLock { counts in
            counts.total -= 1
            let open = counts.networks[network, default: 1] - 1
            counts.networks[network] = open == 0 ? nil : open
        }
    }
}
