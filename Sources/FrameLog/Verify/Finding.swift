/// Something that a check of a data directory has to say about a file.
package struct Finding: Sendable, Equatable {
    /// How much it matters.
    package enum Kind: Sendable {
        /// Octets are not what was written, or a file is missing: a start may fail, or a frame be lost.
        case damage
        /// A later version of this program wrote it: neither sound nor damaged, and not to be touched.
        case unsupported
        /// Nothing is wrong with what was acknowledged.
        case note
    }

    /// What to switch on.
    package let kind: Kind
    /// The file, relative to the data directory: `log/00000001.segment`.
    package let file: String
    /// Where in the file, in octets; nil where the whole file is meant.
    package let offset: UInt64?
    /// What was found.
    package let detail: String
    /// What to do about it; empty where there is nothing to do.
    package let advice: String

    static func damage(_ file: String, at offset: Int?, _ detail: String, _ advice: String) -> Finding {
        Finding(
            kind: .damage, file: file, offset: offset.map { UInt64($0) }, detail: detail, advice: advice)
    }

    static func note(_ file: String, at offset: Int? = nil, _ detail: String) -> Finding {
        Finding(kind: .note, file: file, offset: offset.map { UInt64($0) }, detail: detail, advice: "")
    }

    static func unsupported(_ file: String, at offset: Int?, _ detail: String) -> Finding {
        Finding(
            kind: .unsupported, file: file, offset: offset.map { UInt64($0) }, detail: detail,
            advice: "use a later version of this program")
    }
}
