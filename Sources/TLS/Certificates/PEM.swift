import Bytes
import COpenSSL

/// PEM text (RFC 7468) in files and in memory.
enum PEM {
    /// Opens a file to read PEM from.
    static func open(_ path: String, holding what: String) throws(TLSError) -> Owned {
        ErrorQueue.clear()
        // SAFETY: the path is copied; the BIO is new and owned by what is returned.
        guard let file = unsafe BIO_new_file(path, "r") else {
            throw TLSError(
                path, "the \(what) can't be read (\(ErrorQueue.takeDeepest()))",
                advice: "check the path and who may read it")
        }
        return unsafe Owned(file, freedBy: BIO_free_all)
    }

    /// Copies octets to read PEM from.
    static func holding(_ octets: Span<UInt8>) -> Owned {
        // SAFETY: the BIO is new and owned here, and the octets are read only within the call.
        let memory = unsafe Owned(BIO_new(BIO_s_secmem()), freedBy: BIO_free_all)
        let count = unsafe octets.withUnsafeBytes {
            unsafe $0.isEmpty ? 0 : BIO_write(memory.pointer, $0.baseAddress, Int32($0.count))
        }
        precondition(Int(count) == octets.count, "a memory BIO takes all it is given")
        return memory
    }

    /// What `write` puts into a BIO. The BIO's memory is wiped afterwards (BIO_s_secmem(3)).
    static func octets(writtenBy write: (OpaquePointer) -> Int32) -> [UInt8] {
        // SAFETY: the BIO is new and owned here; `write` has it only for the call.
        let memory = unsafe Owned(BIO_new(BIO_s_secmem()), freedBy: BIO_free_all)
        let result = unsafe write(memory.pointer)
        precondition(result >= 0, "writing to memory fails only where there is none")
        let waiting = unsafe BIO_ctrl_pending(memory.pointer)
        return unsafe [UInt8](unsafeUninitializedCapacity: waiting) { octets, count in
            if waiting == 0 { return }
            // SAFETY: there is room for all that waits.
            count = unsafe Int(BIO_read(memory.pointer, octets.baseAddress, Int32(waiting)))
        }
    }
}
