import Glibc
import Posix

extension SystemError {
    /// Whether something has run out that there may be more of later: room on the disk, a quota, descriptors,
    /// memory.
    var isShortage: Bool { [ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM].contains(code) }

    /// Whether the disk itself has failed.
    var isMediaFault: Bool { code == EIO }

    /// The code of an error about an entry that is not there.
    package static var noSuchEntry: Int32 { ENOENT }

    /// The code of an error about octets that are not what was written; file systems use it so too.
    package static var badContent: Int32 { EBADMSG }
}
