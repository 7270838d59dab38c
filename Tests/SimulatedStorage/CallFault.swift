/// What a disk is asked to do, by the name of the system call.
package enum DiskCall: String, Sendable, CaseIterable {
    case mkdir, open, readdir, stat, fstat, pread, mmap, write, allocate, fdatasync, fsync, rename, unlink

    /// Whether it changes nothing.
    package var isReading: Bool {
        switch self {
        case .readdir, .stat, .fstat, .pread, .mmap: true
        case .mkdir, .open, .write, .allocate, .fdatasync, .fsync, .rename, .unlink: false
        }
    }
}

/// The Nth call of a kind fails, counted from when the fault was arranged.
package struct CallFault: Sendable, Equatable {
    /// How much of the call's work is done all the same.
    package enum Extent: Sendable {
        case nothing
        /// Any part of a write; of what is synced any part, and the rest is taken for written (fsync(2)).
        case some
        case all
    }

    let call: DiskCall
    let number: Int
    let code: Int32
    let extent: Extent
    let isLasting: Bool

    /// - Parameters:
    ///   - number: which call of the kind fails, from 1 on.
    ///   - code: the error's `errno`.
    ///   - isLasting: whether all later calls of the kind fail too.
    package init(_ call: DiskCall, number: Int, code: Int32, extent: Extent, isLasting: Bool) {
        self.call = call
        self.number = number
        self.code = code
        self.extent = extent
        self.isLasting = isLasting
    }

    func isMet(by call: DiskCall, number: Int) -> Bool {
        call == self.call && (number == self.number || isLasting && number > self.number)
    }
}
