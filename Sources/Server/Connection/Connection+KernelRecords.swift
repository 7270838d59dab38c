import Bytes
import Logging
import Posix

// Records that the kernel makes, where the operator asks for it. A connection's first large content by
// HTTP/1.1 has the key handed over, and goes to the socket from where it lies: the kernel encrypts it from
// there, which saves the copy that records made here are. All that is sent behind it is the kernel's too. By
// HTTP/2, whose own octets stand between every 16 KiB of content, records are always made here.

extension Connection {
    /// Whether what is left to send goes to the socket from where it lies.
    func goesStraight(_ turn: borrowing Turn) -> Bool {
        guard turn.usesKernelRecords, exchange == nil, let remainder, records.mayBeKernels else {
            return false
        }
        // A key that is handed over already costs nothing more.
        let least = records.areKernels ? TurnLimits.recordByteCountMax : TurnLimits.straightByteCountMin
        return remainder.pieceByteCount >= least
    }

    /// Sends content from where it lies, as much as a turn may; false where the connection is gone. All that
    /// comes before it has gone to the socket.
    func sendStraight(_ workspace: inout Workspace, _ turn: borrowing Turn) -> Bool {
        if !records.areKernels {
            do throws(SystemError) {
                try records.handOver(to: descriptor)
            } catch {
                turn.logger.debug(
                    "the kernel doesn't make a connection's records", metadata: ["error": "\(error)"])
                // Encrypted here, in the next turn.
                return true
            }
        }
        let wanted = min(remainder!.pieceByteCount, TurnLimits.sendByteCountMax)
        var taken = 0
        switch remainder!.send(octetsMax: wanted, to: descriptor) {
        case .octets(let count): taken = count
        case .wouldBlock: break
        case .failed: return false
        }
        countSent(taken, &workspace)
        // One record's content waits for room in the output, as that of any other response would.
        if taken < wanted { remainder!.append(octetsMax: TurnLimits.recordByteCountMax, to: &output) }
        records.countStraight(taken + output.count)
        if remainder!.isAtEnd { remainder = nil }
        return true
    }

    /// Whether the kernel's key comes to its end, so that the response is to be the last. Kept out of the
    /// path of those that ask for no such records.
    @inline(never)
    func areRecordsWorn() -> Bool { records.areWorn }

    /// Sends the alert that ends a session whose records are the kernel's, once all else has gone; nil where
    /// the connection may end now.
    func sayLastWord(_ turn: borrowing Turn) -> Outcome? {
        // The content that went straight has just come to its end; close_notify is said in the next turn.
        if records.areKernels && !hasSaidGoodbye { return .again }
        guard let alert = records.lastWord else { return nil }
        switch descriptor.send(alert.span, asRecord: RecordLayer.alertType) {
        case .octets:
            records.forgetLastWord()
            return nil
        case .wouldBlock:
            deadlines.startRate(now: turn.monotonic)
            return .keep
        case .failed: return .close
        }
    }
}
