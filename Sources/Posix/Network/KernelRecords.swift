import CLinux
import Glibc

/// TLS in the kernel (kTLS; Documentation/networking/tls.rst of Linux): of what a socket is given the kernel
/// makes the records of TLS 1.3. It encrypts on the way into its own memory, so no other copy is made.
package enum KernelRecords {
    /// Makes sure that the kernel can do that, with AES-128-GCM and AES-256-GCM, on connections of this
    /// process with itself.
    ///
    /// - Throws: `SystemError` of the first call that failed; ENOENT of TCP_ULP where the kernel has no
    ///   module `tls`, or this user may not have it loaded.
    package static func check() throws(SystemError) {
        guard let any = SocketAddress(host: "127.0.0.1", port: 0) else {
            preconditionFailure("an address in numbers")
        }
        let listener = try Listener(on: any, backlog: 2)
        for keyByteCount in [16, 32] {
            let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            if number < 0 { throw SystemError(call: "socket", subject: "a connection to itself") }
            let descriptor = Descriptor(owning: number)
            // SAFETY: connect reads the structure within the call, and its length is told with it.
            if unsafe listener.address.withSystemForm({ unsafe connect(number, $0, $1) }) != 0 {
                throw SystemError(call: "connect", subject: listener.address.description)
            }
            let key = [UInt8](repeating: 0, count: keyByteCount)
            let nonceBase = [UInt8](repeating: 0, count: 12)
            try descriptor.makeRecords(key: key.span, nonceBase: nonceBase.span, recordNumber: 0)
        }
    }
}

extension Descriptor {
    /// Has the kernel make records of all that is sent on a connected TCP socket from now on. What was sent
    /// before stays as it is.
    ///
    /// - Parameters:
    ///   - key: of AES-128-GCM or AES-256-GCM: 16 or 32 octets.
    ///   - nonceBase: what each record's number is laid over for its nonce (RFC 8446 section 5.3): 12 octets.
    ///   - recordNumber: of the first record.
    /// - Throws: `SystemError` of setsockopt(2); the socket sends what it is given then, as before.
    package borrowing func makeRecords(
        key: Span<UInt8>, nonceBase: Span<UInt8>, recordNumber: UInt64
    ) throws(SystemError) {
        // SAFETY: setsockopt copies what it is given, of the size that is told with it.
        let name = "tls".utf8CString
        let isNamed = unsafe name.withUnsafeBufferPointer {
            unsafe setsockopt(number, Int32(IPPROTO_TCP), TCP_ULP, $0.baseAddress, socklen_t($0.count)) == 0
        }
        if !isNamed { throw SystemError(call: "setsockopt", subject: "TCP_ULP tls") }
        let isTaken: Bool
        switch key.count {
        case 16:
            var info = tls12_crypto_info_aes_gcm_128()
            info.info = .tls13(cipher: TLS_CIPHER_AES_GCM_128)
            Self.fill(&info.key, with: key)
            Self.fill(&info.salt, with: nonceBase.extracting(0..<4))
            Self.fill(&info.iv, with: nonceBase.extracting(4..<12))
            Self.fill(&info.rec_seq, with: recordNumber)
            isTaken = setSendingKey(&info)
        case 32:
            var info = tls12_crypto_info_aes_gcm_256()
            info.info = .tls13(cipher: TLS_CIPHER_AES_GCM_256)
            Self.fill(&info.key, with: key)
            Self.fill(&info.salt, with: nonceBase.extracting(0..<4))
            Self.fill(&info.iv, with: nonceBase.extracting(4..<12))
            Self.fill(&info.rec_seq, with: recordNumber)
            isTaken = setSendingKey(&info)
        default: preconditionFailure("a key of AES has 16 or 32 octets")
        }
        if !isTaken { throw SystemError(call: "setsockopt", subject: "TLS_TX") }
    }

    /// Gives the kernel one of its structures, and wipes it.
    private borrowing func setSendingKey<Info: BitwiseCopyable>(_ info: inout Info) -> Bool {
        // SAFETY: setsockopt reads the structure, and explicit_bzero writes it, within its size.
        unsafe withUnsafeMutableBytes(of: &info) { octets in
            let code = unsafe setsockopt(
                number, SOL_TLS, TLS_TX, octets.baseAddress, socklen_t(octets.count))
            let error = errno
            unsafe explicit_bzero(octets.baseAddress!, octets.count)
            errno = error
            return code == 0
        }
    }

    private static func fill<Field: BitwiseCopyable>(_ field: inout Field, with octets: Span<UInt8>) {
        precondition(octets.count == MemoryLayout<Field>.size, "a field of the kernel's is filled whole")
        // SAFETY: as many octets as the field has, which is made of nothing else.
        unsafe withUnsafeMutableBytes(of: &field) { target in
            for index in octets.indices { unsafe target[index] = octets[index] }
        }
    }

    private static func fill<Field: BitwiseCopyable>(_ field: inout Field, with number: UInt64) {
        precondition(MemoryLayout<Field>.size == 8, "a record's number has eight octets")
        // SAFETY: as many octets as the field has, which is made of nothing else.
        unsafe withUnsafeMutableBytes(of: &field) { target in
            unsafe target.storeBytes(of: number.bigEndian, as: UInt64.self)
        }
    }

    /// Sends a record of another type than application data's, whole, where the kernel makes the records.
    ///
    /// It waits for as much room in the socket as writing waits for (poll(2)), and not only for its own: the
    /// kernel may hold a record that it has taken and found no room for. That goes before this one, and would
    /// be dropped if the socket were closed behind this one's back.
    /// - Parameter type: as RFC 8446 section 5.1 numbers them.
    package borrowing func send(_ content: Span<UInt8>, asRecord type: UInt8) -> Sent {
        var interest = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        // SAFETY: poll gets one structure, and changes its result.
        if unsafe poll(&interest, 1, 0) <= 0 { return .wouldBlock }
        while true {
            let count = sendMessage(content, type)
            if count >= 0 { return .octets(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            case let code: return .failed(code)
            }
        }
    }

    /// One sendmsg(2) with the record's type as its control message (cmsg(3)).
    private borrowing func sendMessage(_ content: Span<UInt8>, _ type: UInt8) -> Int {
        var header = cmsghdr()
        header.cmsg_len = shim_CMSG_LEN(1)
        header.cmsg_level = SOL_TLS
        header.cmsg_type = Int32(TLS_SET_RECORD_TYPE)
        // SAFETY: the control message has room for its header and the type behind that, and is written whole;
        // all that the message points to is lent until sendmsg has returned, which only reads it.
        return unsafe withUnsafeTemporaryAllocation(byteCount: shim_CMSG_SPACE(1), alignment: 8) { control in
            unsafe control.initializeMemory(as: UInt8.self, repeating: 0)
            unsafe control.storeBytes(of: header, as: cmsghdr.self)
            unsafe control[shim_CMSG_LEN(0)] = type
            return unsafe content.withUnsafeBytes { octets in
                var piece = unsafe iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: octets.baseAddress), iov_len: octets.count)
                return unsafe withUnsafeMutablePointer(to: &piece) { piece in
                    var message = unsafe msghdr()
                    unsafe message.msg_iov = piece
                    unsafe message.msg_iovlen = 1
                    unsafe message.msg_control = control.baseAddress
                    unsafe message.msg_controllen = control.count
                    return unsafe sendmsg(number, &message, Int32(MSG_NOSIGNAL))
                }
            }
        }
    }
}

extension tls_crypto_info {
    fileprivate static func tls13(cipher: Int32) -> tls_crypto_info {
        tls_crypto_info(version: shim_TLS_1_3_VERSION, cipher_type: UInt16(cipher))
    }
}
