import Glibc

/// A file descriptor and the duty to close it.
package struct Descriptor: ~Copyable, Sendable {
    /// The number the kernel knows it by; valid as long as this value lives.
    package let number: Int32

    /// Takes over an open descriptor, which must have no other owner.
    package init(owning number: Int32) {
        precondition(number >= 0, "a descriptor is not negative")
        self.number = number
    }

    /// Closes it. An error of close(2) has no cure here: Linux frees the number in every case, and what must
    /// be on the disk was synced before.
    deinit { _ = close(number) }
}
