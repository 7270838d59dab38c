import CFuzzer
import Glibc
import Posix

/// The fuzzer: hands libFuzzer's octets to the target that the environment names.
///
/// An environment variable names it, and no argument, since libFuzzer starts the program again with its own
/// arguments where it merges corpora.
@main
enum Fuzz {
    /// Where the target's name stands.
    static let variable = "SYNCSTREAMER_FUZZ_TARGET"
    /// The target of this run.
    static let target = Environment.value(of: variable).flatMap(FuzzTarget.init(rawValue:))

    static func main() {
        guard target != nil else {
            let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: " ")
            StandardStreams.writeError("\(variable) must be one of: \(names)\n".utf8Span.span)
            exit(2)
        }
        // SAFETY: both are the process's own, made before main and there to its end.
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
        let status = unsafe LLVMFuzzerRunDriver(&count, &arguments) { octets, count in
            // SAFETY: libFuzzer gives that many octets, and keeps them until the callback returns.
            let input = unsafe UnsafeBufferPointer(start: octets, count: count)
            Fuzz.target?.run(unsafe Span(_unsafeElements: input))
            return 0
        }
        exit(status)
    }
}
