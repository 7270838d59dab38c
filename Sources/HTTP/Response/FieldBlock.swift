/// Field lines made once and sent with many responses: each `Name: value` with its CR LF.
package final class FieldBlock: Sendable {
    package let octets: [UInt8]

    /// Takes whole field lines, each with its line end.
    package init(octets: [UInt8]) {
        self.octets = octets
    }
}
