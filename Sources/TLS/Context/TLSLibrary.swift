import COpenSSL

/// The TLS library that runs.
package enum TLSLibrary {
    /// Its version, such as `3.0.17`: not the one that this program was built with, but the system's.
    package static var version: String {
        // SAFETY: a C string of static memory (OpenSSL_version(3)); nil is only for a name it doesn't know.
        guard let text = unsafe OpenSSL_version(OPENSSL_VERSION_STRING) else { return "" }
        return unsafe String(cString: text)
    }
}
