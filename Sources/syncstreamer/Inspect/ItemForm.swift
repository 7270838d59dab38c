import Bytes
import HTTP

/// What an item's data is, as far as it can be shown.
enum ItemForm: Equatable {
    case json
    case text
    case binary

    /// By the octets, and by the channel's type where that says that they are to be taken for octets.
    init(_ octets: Span<UInt8>, channelType: Span<UInt8>) {
        if channelType.isEqual(toLowercased: "application/octet-stream") {
            self = .binary
        } else if JSONValidator.fault(in: octets) == nil {
            self = .json
        } else {
            self = Self.isText(octets) ? .text : .binary
        }
    }

    /// UTF-8 with something to see in it and without controls, but for tabs and line ends.
    private static func isText(_ octets: Span<UInt8>) -> Bool {
        var isVisible = false
        for index in octets.indices {
            switch octets[index] {
            case 0x09, 0x0A, 0x0D, 0x20: break
            case 0..<0x20, 0x7F: return false
            default: isVisible = true
            }
        }
        return isVisible && octets.utf8Text() != nil
    }
}
