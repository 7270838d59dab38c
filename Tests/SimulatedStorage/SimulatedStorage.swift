// The seam of FrameLog's storage over the simulated disk.
package import Bytes
import FrameLog
package import Posix
import Synchronization

private let noEntry: Int32 = 2
private let noSpace: Int32 = 28

package struct SimulatedStorage: Storage {
    let disk: SimulatedDisk
    package let path: String

    package init(_ disk: SimulatedDisk, path: String = "data") {
        self.disk = disk
        self.path = path
        disk.state.withLock { if $0.folders[path] == nil { $0.folders[path] = SimulatedDisk.Folder() } }
    }

    package func folder(_ name: String) throws(SystemError) -> SimulatedStorage {
        try disk.perform(.mkdir, path, life: nil, { _ in })
        return SimulatedStorage(disk, path: path + "/" + name)
    }

    package func existingFolder(_ name: String) throws(SystemError) -> SimulatedStorage? {
        let path = self.path + "/" + name
        let exists = try disk.perform(.open, path, life: nil) { $0.folders[path] != nil }
        return exists ? SimulatedStorage(disk, path: path) : nil
    }

    package func names() throws(SystemError) -> [String] {
        try disk.perform(.readdir, path, life: nil, { $0.names(in: path) })
    }

    package func byteCount(of name: String) throws(SystemError) -> UInt64 {
        let count = try disk.perform(.stat, path, life: nil) { state in
            state.folders[path]!.entries[name].map { state.nodes[$0]!.content.count }
        }
        guard let count else { throw SystemError(call: "stat", subject: path + "/" + name, code: noEntry) }
        return UInt64(count)
    }

    package func open(_ name: String, _ access: File.Access) throws(SystemError) -> SimulatedFile {
        let opened: (node: Int, life: Int)? = try disk.perform(.open, path + "/" + name, life: nil) {
            state in
            if access == .create {
                let node = state.nextNode
                state.nextNode += 1
                state.nodes[node] = SimulatedDisk.Node()
                state.change(path, SimulatedDisk.Change(removed: nil, added: name, node: node))
                return (node, state.life)
            }
            return state.folders[path]!.entries[name].map { ($0, state.life) }
        }
        guard let opened else { throw SystemError(call: "open", subject: path + "/" + name, code: noEntry) }
        return SimulatedFile(disk, path: path + "/" + name, node: opened.node, life: opened.life)
    }

    package func rename(_ name: String, to newName: String) throws(SystemError) {
        let found = try disk.perform(.rename, path + "/" + name, life: nil) { state in
            guard let node = state.folders[path]!.entries[name] else { return false }
            state.change(path, SimulatedDisk.Change(removed: name, added: newName, node: node))
            return true
        }
        if !found { throw SystemError(call: "rename", subject: path + "/" + name, code: noEntry) }
    }

    /// The new entry lasts at once, the old one's end only with a sync: a crash may leave both.
    package func move(_ name: String, to folder: SimulatedStorage, as newName: String) throws(SystemError) {
        let found = try disk.perform(.rename, path + "/" + name, life: nil) { state in
            guard let node = state.folders[path]!.entries[name] else { return false }
            precondition(state.folders[folder.path]!.entries[newName] == nil, "a move overwrites nothing")
            state.folders[folder.path]!.entries[newName] = node
            state.folders[folder.path]!.durable[newName] = node
            state.change(path, SimulatedDisk.Change(removed: name, added: nil, node: node))
            return true
        }
        if !found { throw SystemError(call: "rename", subject: path + "/" + name, code: noEntry) }
    }

    package func remove(_ name: String) throws(SystemError) {
        let found = try disk.perform(.unlink, path + "/" + name, life: nil) { state in
            guard let node = state.folders[path]!.entries[name] else { return false }
            state.change(path, SimulatedDisk.Change(removed: name, added: nil, node: node))
            return true
        }
        if !found { throw SystemError(call: "unlink", subject: path + "/" + name, code: noEntry) }
    }

    package func sync() throws(SystemError) {
        try disk.perform(.fsync, path, life: nil) { state in
            state.folders[path]!.durable = state.folders[path]!.entries
            state.folders[path]!.changes = []
        }
    }
}

package final class SimulatedFile: StorageFile {
    package let path: String
    private let disk: SimulatedDisk
    private let node: Int
    private let life: Int

    init(_ disk: SimulatedDisk, path: String, node: Int, life: Int) {
        self.disk = disk
        self.path = path
        self.node = node
        self.life = life
    }

    package func byteCount() throws(SystemError) -> UInt64 {
        try disk.perform(.fstat, path, life: life) { UInt64($0.nodes[node]!.content.count) }
    }

    package func read(at position: UInt64, count: Int, into buffer: inout Buffer) throws(SystemError) -> Int {
        let octets = try disk.perform(.pread, path, life: life) { state in
            let content = state.nodes[node]!.content
            if position == 0 && count >= content.count { return content }
            return Array(
                content[min(Int(position), content.count)..<min(Int(position) + count, content.count)])
        }
        buffer.append(copying: octets.span)
        return octets.count
    }

    package func write(_ octets: Span<UInt8>, at position: UInt64) throws(SystemError) {
        try write(octets.copied(), at: Int(position))
    }

    package func write(_ pieces: [OctetPiece], at position: UInt64) throws(SystemError) {
        var octets: [UInt8] = []
        for piece in pieces { octets += piece.octets[piece.range] }
        try write(octets, at: Int(position))
    }

    private func write(_ octets: [UInt8], at position: Int) throws(SystemError) {
        let fits = try disk.perform(.write, path, life: life) { state in
            let growth = max(0, position + octets.count - state.nodes[node]!.content.count)
            if let most = state.byteCountMax, growth > 0, state.byteCount + growth > most { return false }
            state.nodes[node]!.write(octets, octets.indices, at: position)
            return true
        } partially: { state in
            // Nothing, all, or any part.
            var part = Int.random(in: 0...octets.count, using: &state.generator)
            if state.survives(2) { part = 0 } else if state.survives(2) { part = octets.count }
            state.nodes[node]!.write(octets, 0..<part, at: position)
        }
        if !fits { throw SystemError(call: "write", subject: path, code: noSpace) }
    }

    package func allocate(byteCount: UInt64) throws(SystemError) {
        let fits = try disk.perform(.allocate, path, life: life) { state in
            let growth = max(0, Int(byteCount) - state.nodes[node]!.content.count)
            if let most = state.byteCountMax, state.byteCount + growth > most { return false }
            state.nodes[node]!.content += [UInt8](repeating: 0, count: growth)
            return true
        }
        if !fits { throw SystemError(call: "allocate", subject: path, code: noSpace) }
    }

    package func sync() throws(SystemError) {
        try disk.perform(.fdatasync, path, life: life) { state in
            state.nodes[node]!.sync()
        } partially: { state in
            state.nodes[node]!.failToSync(&state.generator)
        }
    }

    package func map() throws(SystemError) -> MappedFile {
        let octets = try disk.perform(.mmap, path, life: life) { $0.nodes[node]!.content }
        return MappedFile(copying: octets.span)
    }
}
