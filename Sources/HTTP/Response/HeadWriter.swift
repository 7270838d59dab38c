package import Bytes

/// The parts of a response's head that HTTP/1.1 adds around its fields (RFC 9112 section 4).
package enum HeadWriter {
    /// Appends the status line.
    package static func append(status: UInt16, to sink: inout Buffer) {
        switch status {
        case 200: sink.append("HTTP/1.1 200 OK\r\n")
        case 204: sink.append("HTTP/1.1 204 No Content\r\n")
        case 206: sink.append("HTTP/1.1 206 Partial Content\r\n")
        case 304: sink.append("HTTP/1.1 304 Not Modified\r\n")
        case 307: sink.append("HTTP/1.1 307 Temporary Redirect\r\n")
        default:
            sink.append("HTTP/1.1 ")
            sink.append(decimal: UInt64(status))
            sink.append(" ")
            sink.append(reason(for: status))
            sink.append("\r\n")
        }
    }

    /// Appends the interim response that asks for the body (RFC 9110 section 15.2.1).
    package static func appendContinue(to sink: inout Buffer) {
        sink.append("HTTP/1.1 100 Continue\r\n\r\n")
    }

    /// RFC 9110 section 15, RFC 6585, RFC 4918.
    private static func reason(for status: UInt16) -> StaticString {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        case 507: "Insufficient Storage"
        default: "Unknown"
        }
    }
}
