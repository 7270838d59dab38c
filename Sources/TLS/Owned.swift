/// An object of OpenSSL's and the duty to free it.
@safe
struct Owned: ~Copyable {
    let pointer: OpaquePointer
    private let free: @convention(c) (OpaquePointer?) -> Void

    /// Takes over what a constructor returned; it returns nil only where there is no memory left.
    init(_ pointer: OpaquePointer?, freedBy free: @convention(c) (OpaquePointer?) -> Void) {
        // SAFETY: kept, not followed.
        guard let pointer = unsafe pointer else { fatalError("OpenSSL found no memory") }
        unsafe self.pointer = pointer
        unsafe self.free = free
    }

    // SAFETY: the initialiser's caller names the function that belongs to the object, and nobody else frees
    // it.
    deinit { unsafe free(pointer) }
}
