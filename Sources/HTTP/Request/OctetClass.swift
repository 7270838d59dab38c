/// What an octet may be part of, by one table look-up (RFC 9110 sections 5.5 and 5.6.2, RFC 3986 section 3).
struct OctetClass: OptionSet {
    let rawValue: UInt8

    /// tchar: of methods and field names.
    static let token = OctetClass(rawValue: 1)
    /// VCHAR, obs-text, SP and HTAB: of field values.
    static let value = OctetClass(rawValue: 2)
    /// Visible ASCII but for what no part of a URI holds: of request targets.
    static let target = OctetClass(rawValue: 4)

    static let table: [OctetClass] = (0...255).map { number in
        let octet = UInt8(number)
        var classes: OctetClass = []
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            classes.insert(.token)
        default:
            if "!#$%&'*+-.^_`|~".utf8.contains(octet) { classes.insert(.token) }
        }
        if octet == 9 || octet >= 0x20 && octet != 0x7F { classes.insert(.value) }
        if octet > 0x20 && octet < 0x7F && !"\"<>\\^`{|}".utf8.contains(octet) { classes.insert(.target) }
        return classes
    }
}
