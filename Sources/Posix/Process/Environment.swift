import Glibc

/// The process's environment (environ(7)).
package enum Environment {
    /// The value of a variable, or nil where it isn't set; one that is empty counts as not set.
    package static func value(of name: String) -> String? {
        // SAFETY: nothing changes the environment while the process runs, and the value is copied here.
        guard let value = unsafe getenv(name), unsafe value.pointee != 0 else { return nil }
        return unsafe String(cString: value)
    }
}
