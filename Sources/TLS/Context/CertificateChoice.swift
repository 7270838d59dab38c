/// Which of a server's certificates answer for which host (SNI, RFC 6066 section 3): worked out once, when
/// they are loaded.
///
/// A host's certificates have keys of different kinds, RSA and EC for example, and each handshake takes the
/// one that suits the client. Of two with keys of the same kind the one that has the host's very name goes
/// before one with a wildcard, and an earlier one before a later one.
struct CertificateChoice: Sendable, Equatable {
    /// What is to be known of a certificate.
    struct Candidate {
        /// Host names, also with an asterisk for a first label (RFC 6125 section 6.4.3), and IP addresses.
        let names: [String]
        /// Those that differ can serve the same host.
        let keyKind: Int32
    }

    /// Sets of certificates by their positions, each in ascending order; the first is for clients that name
    /// no host, or one that none of the certificates is for.
    let groups: [[Int]]
    /// The group of each name in lower case.
    private let groupsByName: [String: Int]
    /// The same for names with an asterisk, without the first label and its dot.
    private let groupsByParent: [String: Int]

    /// - Parameter candidates: at least one, the default first.
    init(_ candidates: [Candidate]) {
        let candidates = candidates.map {
            Candidate(names: $0.names.map { $0.lowercased() }, keyKind: $0.keyKind)
        }
        // Also a client that names no host may support one kind of key only.
        var groups = [candidates[0].names.first.map { Self.group(for: $0, of: candidates) } ?? [0]]
        var groupsByName: [String: Int] = [:]
        var groupsByParent: [String: Int] = [:]
        for name in candidates.flatMap(\.names) {
            let group = Self.group(for: name, of: candidates)
            let position = groups.firstIndex(of: group) ?? groups.count
            if position == groups.count { groups.append(group) }
            if name.hasPrefix("*.") {
                groupsByParent[String(name.dropFirst(2))] = position
            } else {
                groupsByName[name] = position
            }
        }
        self.groups = groups
        self.groupsByName = groupsByName
        self.groupsByParent = groupsByParent
    }

    /// The position of the group for a host.
    func position(for host: String) -> Int {
        let name = host.lowercased()
        return groupsByName[name] ?? Self.parent(of: name).flatMap { groupsByParent[$0] } ?? 0
    }

    /// The certificates that no client would get.
    func unused(of count: Int) -> [Int] {
        (0..<count).filter { position in !groups.contains { $0.contains(position) } }
    }

    private static func group(for name: String, of candidates: [Candidate]) -> [Int] {
        let wildcard = parent(of: name).map { "*." + $0 }
        var chosen: [Int32: Int] = [:]
        for wanted in [name, wildcard] {
            guard let wanted else { continue }
            for (position, candidate) in candidates.enumerated() where candidate.names.contains(wanted) {
                chosen[candidate.keyKind] = chosen[candidate.keyKind] ?? position
            }
        }
        return chosen.values.sorted()
    }

    /// A name without its first label.
    private static func parent(of name: String) -> String? {
        guard let dot = name.firstIndex(of: "."), dot > name.startIndex else { return nil }
        return String(name[name.index(after: dot)...])
    }
}
