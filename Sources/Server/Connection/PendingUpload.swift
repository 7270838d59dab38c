import Bytes
import HTTP

/// An upload between its head and its answer.
struct PendingUpload: ~Copyable {
    /// What the request's head has said.
    var head: Upload
    /// The body so far. Grows with what has arrived, never by what a Content-Length promises.
    var body = Buffer()

    init(_ upload: Upload) {
        head = upload
    }

    /// Keeps more of the body; false where it exceeds what the upload may hold.
    mutating func take(_ octets: Span<UInt8>) -> Bool {
        if octets.count > head.byteCountMax - body.count { return false }
        body.append(copying: octets)
        return true
    }
}
