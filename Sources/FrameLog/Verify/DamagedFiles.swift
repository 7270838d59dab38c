import Posix

/// Where a repair moves files: `damaged/log`, `damaged/frames` and `damaged/keys` of the data directory.
/// Nothing there is overwritten or removed.
final class DamagedFiles<Volume: Storage> {
    /// The folder's name in the data directory.
    static var folderName: String { "damaged" }

    private let root: Volume
    private let name: String
    /// What was moved: from where in the data directory, and to where.
    private(set) var moves: [(from: String, to: String)] = []

    /// Files of the folder `name` of the data directory `root`.
    init(of name: String, in root: Volume) {
        self.root = root
        self.name = name
    }

    /// Moves a file of `folder` aside, and returns when that is on the disk.
    func take(_ file: String, from folder: Volume) throws {
        let target = try root.folder(Self.folderName).folder(name)
        let taken = Set(try target.names())
        var free = file
        var number = 1
        while taken.contains(free) {
            free = file + ".\(number)"
            number += 1
        }
        try folder.move(file, to: target, as: free)
        try target.sync()
        try folder.sync()
        moves.append(("\(name)/\(file)", "\(Self.folderName)/\(name)/\(free)"))
    }
}
