// Shows what becomes of records that the kernel is asked to make where it can't, which is the same with every
// kernel: a socket that is not TCP's stays as it was. What a kernel that can makes of them is shown by
// Tests/EndToEnd/test_ktls.py, with its part emulated.
import Bytes
import Glibc
import Posix
import Testing

@Suite struct KernelRecordsTests {
    /// Two ends of a local socket.
    private struct Ends: ~Copyable {
        let ours: Descriptor
        let peers: Descriptor

        init() {
            var numbers: [Int32] = [0, 0]
            let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            // SAFETY: socketpair fills the two integers it is given.
            let code = unsafe socketpair(AF_UNIX, kind, 0, &numbers)
            precondition(code == 0, "a test has two descriptors")
            ours = Descriptor(owning: numbers[0])
            peers = Descriptor(owning: numbers[1])
        }

        func received() -> [UInt8] {
            var buffer = Buffer()
            while case .octets = peers.receive(into: &buffer, octetsMax: 1 << 16) {}
            return buffer.octets.copied()
        }
    }

    private let nonceBase = [UInt8](repeating: 1, count: 12)

    @Test(arguments: [16, 32])
    func whereItCantTheSocketIsAsBefore(keyByteCount: Int) {
        let ends = Ends()
        let key = [UInt8](repeating: 2, count: keyByteCount)
        do throws(SystemError) {
            try ends.ours.makeRecords(key: key.span, nonceBase: nonceBase.span, recordNumber: 3)
            Issue.record("a local socket makes records")
        } catch {
            #expect(error.description.hasPrefix("setsockopt TCP_ULP tls: "))
        }
        let octets: [UInt8] = [1, 2, 3]
        #expect(ends.ours.send(octets.span) == .octets(3))
        #expect(ends.received() == [1, 2, 3])
    }

    /// A machine that can passes; one that can't is told by which call.
    @Test func theCheckNamesTheCallThatFailed() {
        do throws(SystemError) {
            try KernelRecords.check()
        } catch {
            #expect(error.call == "setsockopt")
        }
    }

    @Test func aRecordOfAnotherTypeWaitsForRoom() {
        let ends = Ends()
        let alert: [UInt8] = [1, 0]
        #expect(ends.ours.send(alert.span, asRecord: 21) == .octets(2))
        #expect(ends.received() == [1, 0])
        let filling = [UInt8](repeating: 7, count: 1 << 16)
        while case .octets = ends.ours.send(filling.span) {}
        #expect(ends.ours.send(alert.span, asRecord: 21) == .wouldBlock)
        _ = ends.received()
        #expect(ends.ours.send(alert.span, asRecord: 21) == .octets(2))
    }
}
