import COpenSSL

/// Something given to TLS that it can't work with: a certificate, a key, a name.
package struct TLSError: Error, CustomStringConvertible, Sendable, Equatable {
    /// What it is about, usually a file's path.
    package let subject: String
    /// What is wrong with it.
    package let problem: String
    /// What to do about it.
    package let advice: String

    init(_ subject: String, _ problem: String, advice: String) {
        self.subject = subject
        self.problem = problem
        self.advice = advice
    }

    package var description: String { "\(subject): \(problem); \(advice)" }
}

/// What OpenSSL notes on this thread when a call fails (ERR_get_error(3)).
enum ErrorQueue {
    /// Drops what earlier calls noted, so that what is found after the next one is its own.
    ///
    /// To look first costs 30 ns, and ERR_clear_error walks all 16 entries in 110 ns, every time.
    static func clear() { if ERR_peek_error() != 0 { ERR_clear_error() } }

    /// Takes the reasons noted, the deepest first, without the library's numbers; "unknown" where nothing was
    /// noted.
    static func take() -> String {
        var reasons: [String] = []
        // One failure notes two or three; OpenSSL's queue holds 16 at the most.
        while case let code = ERR_get_error(), code != 0 {
            let reason = text(of: code)
            if !reasons.contains(reason) { reasons.append(reason) }
        }
        return reasons.isEmpty ? "unknown" : reasons.joined(separator: ", ")
    }

    /// Takes the first reason noted, which is the system's own where a file can't be opened.
    static func takeDeepest() -> String {
        let code = ERR_get_error()
        clear()
        return text(of: code)
    }

    /// Whether the last reason noted is that no further PEM block begins.
    static var isNoStartLine: Bool {
        let code = ERR_peek_last_error()
        return shim_ERR_GET_LIB(code) == ERR_LIB_PEM && shim_ERR_GET_REASON(code) == PEM_R_NO_START_LINE
    }

    /// The reason alone: the part of `error:0A00010B:SSL routines::wrong version number` behind the last two
    /// colons.
    private static func text(of code: UInt) -> String {
        var line = [CChar](repeating: 0, count: 256)
        // SAFETY: ERR_error_string_n writes at most `count` octets, the terminator included.
        unsafe line.withUnsafeMutableBufferPointer {
            unsafe ERR_error_string_n(code, $0.baseAddress, $0.count)
        }
        let octets = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let start = octets.lastIndex(of: UInt8(ascii: ":")).map { $0 + 1 } ?? 0
        return String(decoding: octets[start...], as: UTF8.self)
    }
}
