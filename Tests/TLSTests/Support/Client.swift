import Bytes
import COpenSSL

@testable import TLS

/// A TLS client over memory BIOs, so that it shares nothing with the session under test but the library.
@safe
final class Client {
    /// What a client offers; the defaults are OpenSSL's.
    struct Offer {
        var versions: ClosedRange<Int32> = TLS1_2_VERSION...TLS1_3_VERSION
        var suites12: String?
        var suites13: String?
        var groups: String?
        var protocols: [String] = []
        var serverName: String?
        var certificate: CertificateFiles?
    }

    private let context: OpaquePointer
    let ssl: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer
    private(set) var isHandshakeComplete = false
    private(set) var receivedClose = false
    /// OpenSSL's words for what ended it.
    private(set) var failure: String?

    init(_ offer: Offer = Offer(), resuming session: Session? = nil) {
        unsafe context = SSL_CTX_new(TLS_client_method())
        unsafe SSL_CTX_set_security_level(context, 0)
        unsafe shim_SSL_CTX_set_min_proto_version(context, offer.versions.lowerBound)
        unsafe shim_SSL_CTX_set_max_proto_version(context, offer.versions.upperBound)
        if let suites = offer.suites12 { unsafe precondition(SSL_CTX_set_cipher_list(context, suites) == 1) }
        if let suites = offer.suites13 { unsafe precondition(SSL_CTX_set_ciphersuites(context, suites) == 1) }
        if let groups = offer.groups {
            unsafe precondition(shim_SSL_CTX_set1_groups_list(context, groups) == 1)
        }
        if let files = offer.certificate {
            unsafe precondition(SSL_CTX_use_certificate_chain_file(context, files.certificate) == 1)
            unsafe precondition(SSL_CTX_use_PrivateKey_file(context, files.key, SSL_FILETYPE_PEM) == 1)
        }
        unsafe ssl = SSL_new(context)
        unsafe input = BIO_new(BIO_s_mem())
        unsafe output = BIO_new(BIO_s_mem())
        unsafe SSL_set_bio(ssl, input, output)
        unsafe SSL_set_connect_state(ssl)
        let list = offer.protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        if !list.isEmpty { unsafe precondition(SSL_set_alpn_protos(ssl, list, UInt32(list.count)) == 0) }
        if let name = offer.serverName {
            // SSL_set_tlsext_host_name(3), a macro.
            var octets = name.utf8CString
            unsafe octets.withUnsafeMutableBufferPointer {
                _ = unsafe SSL_ctrl(
                    ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), $0.baseAddress)
            }
        }
        if let session { unsafe precondition(SSL_set_session(ssl, session.pointer) == 1) }
    }

    deinit {
        // A session that ends without close_notify could not be resumed (SSL_set_shutdown(3)).
        unsafe SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN)
        unsafe SSL_free(ssl)
        unsafe SSL_CTX_free(context)
    }

    /// Takes what it wants to send.
    func outgoing() -> [UInt8] {
        shakeHands()
        var octets = [UInt8](repeating: 0, count: unsafe Int(BIO_ctrl_pending(output)))
        if octets.isEmpty { return [] }
        let count = unsafe BIO_read(output, &octets, Int32(octets.count))
        precondition(Int(count) == octets.count)
        return octets
    }

    /// Feeds what came for it, and returns what that decrypts to.
    func receive(_ octets: [UInt8]) -> [UInt8] {
        if !octets.isEmpty {
            unsafe precondition(Int(BIO_write(input, octets, Int32(octets.count))) == octets.count)
        }
        shakeHands()
        var plaintext: [UInt8] = []
        while isHandshakeComplete && failure == nil {
            var piece = [UInt8](repeating: 0, count: 16_384)
            ERR_clear_error()
            let count = unsafe SSL_read(ssl, &piece, Int32(piece.count))
            if count > 0 {
                plaintext += piece.prefix(Int(count))
                continue
            }
            note(count)
            break
        }
        return plaintext
    }

    /// Encrypts; what it makes comes out of `outgoing`.
    func send(_ plaintext: [UInt8]) {
        ERR_clear_error()
        let count = unsafe SSL_write(ssl, plaintext, Int32(plaintext.count))
        precondition(Int(count) == plaintext.count)
    }

    /// Sends a KeyUpdate, one of the two kinds (SSL_key_update(3)).
    func updateKeys(_ kind: Int32) {
        unsafe precondition(SSL_key_update(ssl, kind) == 1 && SSL_do_handshake(ssl) == 1)
    }

    /// Sends a ClientHello in the open session (SSL_renegotiate(3)).
    func renegotiate() {
        unsafe precondition(SSL_renegotiate(ssl) == 1)
        unsafe SSL_do_handshake(ssl)
    }

    /// Sends close_notify.
    func close() { unsafe SSL_shutdown(ssl) }

    /// A session to resume, with its ticket.
    @safe
    final class Session {
        let pointer: OpaquePointer

        init(of ssl: OpaquePointer) { unsafe pointer = SSL_get1_session(ssl) }

        deinit { unsafe SSL_SESSION_free(pointer) }

        var ticket: [UInt8] {
            var octets: UnsafePointer<UInt8>?
            var count = 0
            // SAFETY: the session keeps the ticket; it is copied here.
            unsafe SSL_SESSION_get0_ticket(pointer, &octets, &count)
            return unsafe Array(UnsafeBufferPointer(start: octets, count: count))
        }
    }

    var session: Session { unsafe Session(of: ssl) }

    var wasResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }

    /// The suite agreed on, as the IANA registry names it.
    var cipherSuite: String? {
        // SAFETY: a constant of OpenSSL's, or nil.
        unsafe SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl)).map { unsafe String(cString: $0) }
    }

    /// Pads the records that it sends to a multiple of so many octets (SSL_set_block_padding(3)).
    func padRecords(toMultiplesOf byteCount: Int) {
        unsafe precondition(SSL_set_block_padding(ssl, byteCount) == 1)
    }

    /// Whose certificate the server sent, as RFC 2253 writes it.
    var peerSubject: String? {
        // SAFETY: a reference of our own, which the certificate takes over.
        unsafe SSL_get1_peer_certificate(ssl).map {
            CertificateFacts(of: unsafe Certificate(owning: $0)).subject
        }
    }

    private func shakeHands() {
        if isHandshakeComplete || failure != nil { return }
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(ssl)
        if result == 1 { isHandshakeComplete = true } else { note(result) }
    }

    private func note(_ result: Int32) {
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: break
        case SSL_ERROR_ZERO_RETURN: receivedClose = true
        default:
            let reason = unsafe ERR_reason_error_string(ERR_peek_last_error())
            failure = unsafe reason.map { unsafe String(cString: $0) } ?? "unknown"
        }
    }
}
