// Clients that people use, as processes over a real socket: openssl s_client, and curl with the self-signed
// certificate as its only anchor.
import Testing

@testable import TLS

struct ForeignClientTests {
    private let identity = Identity()
    private let listener = Listener()

    private func client(_ options: String...) -> Command {
        let words = [
            "openssl", "s_client", "-connect", "127.0.0.1:\(listener.port)", "-ign_eof", "-nocommands",
        ]
        return Command(words + options, input: "question\n", in: identity.scratch)
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func opensslTrustsTheCertificateAndReceives(version: String) throws {
        let client = client(
            version, "-CAfile", identity.certificateFile, "-verify_return_error", "-verify_hostname",
            "localhost",
            "-alpn", "http/1.1", "-servername", "localhost")
        let served = listener.serve(try identity.context(), answer: Array("the answer\n".utf8))
        let (status, output) = client.finish()
        #expect(served.request == Array("question\n".utf8))
        #expect(status == 0, "\(output)")
        #expect(output.contains("the answer"))
        #expect(output.contains("ALPN protocol: http/1.1"))
        #expect(output.contains("Compression: NONE"))
        #expect(output.contains("Verify return code: 0 (ok)"))
        #expect(output.contains("closed"))
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func opensslResumes(version: String) throws {
        let keys = TicketKeys(nowMilliseconds: 0)
        let ticket = identity.scratch.file("session.pem")
        let first = client(version, "-sess_out", ticket)
        _ = listener.serve(try identity.context(ticketKeys: keys), answer: Array("1\n".utf8))
        #expect(first.finish().output.contains("New, "))
        let second = client(version, "-sess_in", ticket)
        _ = listener.serve(try identity.context(ticketKeys: keys), answer: Array("2\n".utf8))
        #expect(second.finish().output.contains("Reused, "))
    }

    @Test func opensslIsToldThatNoProtocolIsInCommon() throws {
        let client = client("-alpn", "h2")
        let served = listener.serve(try identity.context(), answer: [])
        #expect(served.progress == .failed(TLSFailure(cause: "no application protocol", alertSent: 120)))
        let (status, output) = client.finish()
        #expect(status == 1)
        #expect(output.contains("alert no application protocol"))
    }

    @Test func opensslIsToldThatItsVersionIsTooOld() throws {
        let client = client("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
        let served = listener.serve(try identity.context(), answer: [])
        #expect(served.progress == .failed(TLSFailure(cause: "unsupported protocol", alertSent: 70)))
        let (status, output) = client.finish()
        #expect(status == 1)
        #expect(output.contains("alert protocol version"))
    }

    @Test func curlTakesTheCertificateAsItsOwnAnchor() throws {
        let client = Command(
            [
                "curl", "--silent", "--show-error", "--noproxy", "*", "--cacert", identity.certificateFile,
                "https://localhost:\(listener.port)/",
            ], in: identity.scratch)
        _ = listener.serve(
            try identity.context(), answer: Array("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nframes".utf8))
        let (status, output) = client.finish()
        #expect(status == 0)
        #expect(output == "frames")
    }
}
