import Glibc

/// A program run by a test: what it prints, and how it ends. Its output goes to a file, so it never waits for
/// us.
final class Command {
    private var process: pid_t = 0
    private let outputFile: String

    /// Starts `words[0]`, found on PATH, with `input` on standard input.
    init(_ words: [String], input: String = "", in scratch: Scratch) {
        let number = scratch.nextNumber()
        outputFile = scratch.write([], to: "output-\(number)")
        let inputFile = scratch.write(Array(input.utf8), to: "input-\(number)")
        // SAFETY: all memory given to posix_spawnp lives until it returns, and is freed then.
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawn_file_actions_addopen(&actions, 0, inputFile, O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, outputFile, O_WRONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
        let result = unsafe posix_spawnp(&process, words[0], &actions, nil, &arguments, environ)
        precondition(result == 0, "\(words[0]) can't be started")
        for index in unsafe arguments.indices { unsafe free(arguments[index]) }
        unsafe posix_spawn_file_actions_destroy(&actions)
    }

    /// Waits for its end. The exit status, 128 and more for a signal, and all it printed.
    func finish() -> (status: Int32, output: String) {
        var state: Int32 = 0
        while unsafe waitpid(process, &state, 0) < 0 { precondition(errno == EINTR) }
        let status = state & 0x7F == 0 ? state >> 8 & 0xFF : 128 + state & 0x7F
        return (status, Scratch.text(of: outputFile))
    }

    /// Runs a program that must succeed.
    static func run(_ words: [String], in scratch: Scratch) {
        let (status, output) = Command(words, in: scratch).finish()
        precondition(status == 0, "\(words.joined(separator: " ")): \(output)")
    }
}
