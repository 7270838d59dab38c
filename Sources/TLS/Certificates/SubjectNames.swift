import COpenSSL
import Glibc

/// The subjectAltName extension (RFC 5280 section 4.2.1.6): which hosts a certificate is for.
enum SubjectNames {
    /// The longest host name (RFC 1035 section 2.3.4).
    private static let hostNameByteCountMax = 253

    /// The DNS names and IP addresses of a certificate.
    static func read(from x509: OpaquePointer) -> [String] {
        // SAFETY: the list is ours and is freed; its members are read before that.
        guard let list = unsafe X509_get_ext_d2i(x509, NID_subject_alt_name, nil, nil) else { return [] }
        let names = OpaquePointer(list)
        defer { unsafe GENERAL_NAMES_free(names) }
        var texts: [String] = []
        let count = unsafe OPENSSL_sk_num(names)
        for index in 0..<count {
            let name = unsafe OPENSSL_sk_value(names, index)!.assumingMemoryBound(to: GENERAL_NAME.self)
            var kind: Int32 = 0
            let value = unsafe GENERAL_NAME_get0_value(name, &kind)
            guard kind == GEN_DNS || kind == GEN_IPADD, let value = unsafe value else { continue }
            let string = unsafe value.assumingMemoryBound(to: ASN1_STRING.self)
            let octets = unsafe UnsafeBufferPointer(
                start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string)))
            if kind == GEN_DNS {
                texts.append(unsafe String(decoding: octets, as: UTF8.self))
            } else if let text = unsafe addressText(octets) {
                texts.append(text)
            }
        }
        return texts
    }

    /// Adds the extension for `names`, host names and IP addresses.
    static func add(_ names: [String], to x509: OpaquePointer) throws(TLSError) {
        let list = unsafe Owned(GENERAL_NAMES_new(), freedBy: { unsafe GENERAL_NAMES_free($0) })
        for text in names {
            let isAddress = isAddress(text)
            if !isAddress && !isHostName(text) {
                throw TLSError(
                    text, "can't stand in a certificate", advice: "give host names and IP addresses")
            }
            // SAFETY: the text is copied; the list takes the name over.
            let kind = isAddress ? GEN_IPADD : GEN_DNS
            ErrorQueue.clear()
            guard let name = unsafe a2i_GENERAL_NAME(nil, nil, nil, kind, text, 0) else {
                throw TLSError(text, ErrorQueue.take(), advice: "give host names and IP addresses")
            }
            unsafe OPENSSL_sk_push(list.pointer, name)
        }
        let result = unsafe X509_add1_ext_i2d(
            x509, NID_subject_alt_name, UnsafeMutableRawPointer(list.pointer), 0, UInt(X509V3_ADD_APPEND))
        precondition(result == 1, "adding an extension fails only where there is no memory")
    }

    /// Letters, digits, hyphens and dots (RFC 1123 section 2.1), underscores as in use, and one asterisk for
    /// a first label.
    private static func isHostName(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard 1...hostNameByteCountMax ~= text.utf8.count else { return false }
        for (index, label) in labels.enumerated() where !(index == 0 && label == "*" && labels.count > 1) {
            guard 1...63 ~= label.utf8.count, label.utf8.allSatisfy(isLabelOctet) else { return false }
        }
        return true
    }

    private static func isLabelOctet(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isAddress(_ text: String) -> Bool {
        var octets = in6_addr()
        // SAFETY: inet_pton writes 4 or 16 octets, for which an in6_addr has room.
        return unsafe withUnsafeMutablePointer(to: &octets) {
            unsafe inet_pton(AF_INET, text, $0) == 1 || inet_pton(AF_INET6, text, $0) == 1
        }
    }

    private static func addressText(_ octets: UnsafeBufferPointer<UInt8>) -> String? {
        guard octets.count == 4 || octets.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = octets.count == 4 ? AF_INET : AF_INET6
        // SAFETY: inet_ntop reads 4 or 16 octets and writes at most INET6_ADDRSTRLEN, the terminator
        // included.
        guard unsafe inet_ntop(family, octets.baseAddress, &text, UInt32(text.count)) != nil else {
            return nil
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
