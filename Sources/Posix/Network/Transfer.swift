package import Bytes
import CLinux
import Glibc

/// What one receive gave.
package enum Received: Equatable, Sendable {
    /// So many octets; fewer than there was room for means that the socket is empty now.
    case octets(Int)
    case wouldBlock
    /// The peer has shut down its direction.
    case endOfStream
    /// The connection is gone: reset, timed out, unreachable.
    case failed(Int32)
}

/// What one send gave.
package enum Sent: Equatable, Sendable {
    /// So many octets went into the socket's buffer, perhaps fewer than were given.
    case octets(Int)
    case wouldBlock
    case failed(Int32)
}

extension Descriptor {
    /// Receives what is there, at most `octetsMax`, into the buffer's free memory (recv(2)). Never waits.
    package borrowing func receive(into buffer: inout Buffer, octetsMax: Int) -> Received {
        buffer.withFree(minimum: octetsMax) { output in
            // SAFETY: recv writes at most `octetsMax` octets into memory that is free, and says how many.
            unsafe output.withUnsafeMutableBufferPointer { free, initialized in
                while true {
                    let count = unsafe recv(number, free.baseAddress! + initialized, octetsMax, 0)
                    if count > 0 {
                        initialized += count
                        return .octets(count)
                    }
                    if count == 0 { return .endOfStream }
                    switch errno {
                    case EINTR: continue
                    case EAGAIN: return .wouldBlock
                    case let code: return .failed(code)
                    }
                }
            }
        }
    }

    /// Sends as much as the socket takes (send(2)). Never waits, never raises SIGPIPE.
    package borrowing func send(_ octets: Span<UInt8>) -> Sent {
        // SAFETY: send reads the octets within the call.
        unsafe octets.withUnsafeBufferPointer { octets in
            while true {
                let count = unsafe Glibc.send(number, octets.baseAddress, octets.count, Int32(MSG_NOSIGNAL))
                if count >= 0 { return .octets(count) }
                switch errno {
                case EINTR: continue
                case EAGAIN: return .wouldBlock
                case let code: return .failed(code)
                }
            }
        }
    }

    /// Tells the peer that nothing more will be sent, while what it still sends can be received
    /// (shutdown(2)).
    package borrowing func shutDownWriting() {
        _ = shutdown(number, Int32(SHUT_WR))
    }
}
