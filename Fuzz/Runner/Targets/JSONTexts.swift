// What is taken for JSON is what other readers take for JSON, where they go by the same rules, wherever the
// text stands in memory.
import Bytes
import Foundation
import HTTP

/// The target `json`.
func fuzzJSON(_ octets: Span<UInt8>) {
    let fault = JSONValidator.fault(in: octets)
    if let fault { require(fault.offset <= octets.count, "a fault lies in the text") }

    // Blanks before a text move it through the words that are looked at eight octets at a time.
    for blankCount in [1, 3, 8] {
        var moved = [UInt8](repeating: 0x20, count: blankCount)
        moved.append(copying: octets)
        let movedFault = JSONValidator.fault(in: moved.span)
        require(movedFault?.reason == fault?.reason, "blanks before a text change nothing")
        require(movedFault.map { $0.offset - blankCount } == fault?.offset, "blanks move a fault along")
    }
    if fault == nil {
        var cut = octets.copied()
        cut.append(0x5D)
        require(JSONValidator.fault(in: cut.span) != nil, "a bracket too many is a fault")
    }

    require(ReferenceJSON.accepts(octets.copied()) == (fault == nil), "JSON is what RFC 8259 says")
    // Foundation also reads texts that are none, such as `[1,]`, and asks for surrogates in pairs and for
    // numbers that it can hold, which RFC 8259 leaves open.
    if fault == nil && !hasEscape(octets) && !hasNumberOfNote(octets) {
        let data = Data(octets.copied())
        let value = try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
        require(value != nil, "Foundation reads JSON")
    }
}

/// Whether there is a `\u` anywhere.
private func hasEscape(_ octets: Span<UInt8>) -> Bool {
    var start = 0
    while let index = octets.firstIndex(of: UInt8(ascii: "\\"), from: start) {
        if index + 1 < octets.count && octets[index + 1] == UInt8(ascii: "u") { return true }
        start = index + 1
    }
    return false
}

/// Whether there are as many digits as an integer may lack room for, or an exponent.
private func hasNumberOfNote(_ octets: Span<UInt8>) -> Bool {
    var digitCount = 0
    for index in octets.indices {
        let octet = octets[index]
        if octet &- UInt8(ascii: "0") < 10 {
            digitCount += 1
            if digitCount > 15 { return true }
        } else if digitCount > 0 && octet | 0x20 == UInt8(ascii: "e") {
            return true
        } else if octet != UInt8(ascii: ".") {
            digitCount = 0
        }
    }
    return false
}
