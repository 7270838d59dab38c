import COpenSSL

/// Octets that nobody can guess.
package enum Random {
    /// `count` octets from OpenSSL's generator, which the system seeds (RAND_bytes(3)). Any thread.
    package static func octets(_ count: Int) -> [UInt8] {
        // SAFETY: the region holds `count` octets, and all of them are filled.
        unsafe [UInt8](unsafeUninitializedCapacity: count) { memory, initialized in
            if count == 0 { return }
            let result = unsafe RAND_bytes(memory.baseAddress, Int32(count))
            // There is nothing to go on with: a secret made without randomness is worse than none.
            precondition(result == 1, "OpenSSL's random generator failed")
            initialized = count
        }
    }
}
