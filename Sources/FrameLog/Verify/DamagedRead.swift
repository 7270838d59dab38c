import Bytes
import Posix

extension StorageFile {
    /// Reads the whole file as it is now. What the disk can't read any more is zeros.
    ///
    /// - Returns: the first octet that could not be read, or nil.
    /// - Throws: `SystemError`, other than EIO.
    func readWhole(into octets: inout Buffer) throws(SystemError) -> Int? {
        let byteCount = Int(try self.byteCount())
        octets.removeAll()
        var unreadable: Int?
        while octets.count < byteCount {
            let start = octets.count
            let count = min(DamagedRead.pieceByteCount, byteCount - start)
            if try readPiece(at: start, count: count, into: &octets) {
                if octets.count < start + count { return unreadable }
                continue
            }
            while octets.count < start + count {
                let at = octets.count
                let few = min(DamagedRead.sectorByteCount, start + count - at)
                if try readPiece(at: at, count: few, into: &octets) {
                    if octets.count < at + few { return unreadable }
                } else {
                    unreadable = unreadable ?? at
                    octets.append(copying: [UInt8](repeating: 0, count: few).span)
                }
            }
        }
        return unreadable
    }

    /// Whether the disk could read it; what it could not leaves nothing in `octets`.
    private func readPiece(at start: Int, count: Int, into octets: inout Buffer) throws(SystemError) -> Bool {
        let before = octets.count
        do throws(SystemError) {
            _ = try read(at: UInt64(start), count: count, into: &octets)
            return true
        } catch {
            octets.truncate(to: before)
            if error.isMediaFault { return false }
            throw error
        }
    }
}

private enum DamagedRead {
    /// What is read at a time, and what is given up at once where a disk has failed: its own sector.
    static let pieceByteCount = 1 << 20
    static let sectorByteCount = 4096
}
