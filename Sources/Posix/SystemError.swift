import CLinux
import Glibc

/// A system call that failed: which, on what, and with which `errno`.
package struct SystemError: Error, CustomStringConvertible, Sendable {
    /// The call, as its manual page names it: `open`, `fdatasync`.
    package let call: String
    /// What it was called on: a path, an address, or what a descriptor is for.
    package let subject: String
    /// The `errno` it left (errno(3)).
    package let code: Int32

    /// An error of a call that returned its code instead of leaving it in `errno`.
    package init(call: String, subject: String, code: Int32) {
        self.call = call
        self.subject = subject
        self.code = code
    }

    /// Takes the `errno` that the call just left on this thread.
    package init(call: String, subject: String) {
        self.init(call: call, subject: subject, code: errno)
    }

    package var description: String {
        "\(call) \(subject): \(Self.text(for: code))"
    }

    /// The system's words for an `errno` (strerror_r(3)).
    package static func text(for code: Int32) -> String {
        var words = [CChar](repeating: 0, count: 128)
        // SAFETY: strerror_r writes at most `count` octets, the terminator included.
        let failed = unsafe words.withUnsafeMutableBufferPointer {
            unsafe __xpg_strerror_r(code, $0.baseAddress!, $0.count) != 0
        }
        if failed { return "error \(code)" }
        return String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension SystemError {
    /// Another socket has the address.
    package var isAddressInUse: Bool { code == EADDRINUSE }
    /// This user may not.
    package var isPermissionDenied: Bool { code == EACCES || code == EPERM }
    /// The kernel lacks the address family, or an address of it.
    package var isMissingFamily: Bool { code == EAFNOSUPPORT || code == EADDRNOTAVAIL }
    package var isNotFound: Bool { code == ENOENT }
    /// There is no room on the disk, or the quota is used up.
    package var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }
}

extension SystemError {
    /// A file is larger than it may be.
    static func tooLarge(_ path: String) -> SystemError {
        SystemError(call: "read", subject: path, code: EFBIG)
    }
}
