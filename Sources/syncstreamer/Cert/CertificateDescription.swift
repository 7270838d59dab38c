import Bytes
import HTTP
import TLS

/// What a certificate says, as people and programs read it.
struct CertificateDescription {
    private let facts: CertificateFacts

    init(_ facts: CertificateFacts) {
        self.facts = facts
    }

    /// A line a fact.
    func lines(_ style: Style) -> [String] {
        let rows = [
            ("subject", facts.subject), ("issuer", facts.issuer),
            ("names", facts.names.joined(separator: ", ")),
            ("valid from", Self.moment(facts.notBeforeSeconds)),
            ("valid to", Self.moment(facts.notAfterSeconds)),
            ("key", facts.keyType), ("SHA-256", facts.fingerprint),
        ]
        return rows.map { name, value in
            style.heading(name) + String(repeating: " ", count: 12 - name.count) + PlainText.text(value)
        }
    }

    /// An object with `subject`, `issuer`, `names`, `notBefore`, `notAfter`, `key` and `sha256`.
    var json: String {
        var octets: [UInt8] = []
        octets.append("{\"subject\":")
        JSONWriter.append(facts.subject, to: &octets)
        octets.append(",\"issuer\":")
        JSONWriter.append(facts.issuer, to: &octets)
        octets.append(",\"names\":[")
        for (index, name) in facts.names.enumerated() {
            if index > 0 { octets.append(",") }
            JSONWriter.append(name, to: &octets)
        }
        octets.append("],\"notBefore\":")
        JSONWriter.append(Self.moment(facts.notBeforeSeconds), to: &octets)
        octets.append(",\"notAfter\":")
        JSONWriter.append(Self.moment(facts.notAfterSeconds), to: &octets)
        octets.append(",\"key\":")
        JSONWriter.append(facts.keyType, to: &octets)
        octets.append(",\"sha256\":")
        JSONWriter.append(facts.fingerprint, to: &octets)
        octets.append("}")
        return String(decoding: octets, as: UTF8.self)
    }

    private static func moment(_ seconds: Int64) -> String {
        seconds < 0 ? "before 1970" : Quantities.moment(UInt64(seconds) * 1000)
    }
}
