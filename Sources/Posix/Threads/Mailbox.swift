import Synchronization

/// Messages from any thread to the one that owns the mailbox.
///
/// The lock is held to append or to swap an array, never across a system call. The owner polls `wake`'s
/// descriptor and takes everything at once. Who posts decides how much may wait: every message answers or
/// carries a bounded batch.
package final class Mailbox<Message: Sendable>: Sendable {
    private let waiting = Mutex<[Message]>([])
    /// What the owner polls to hear of new messages.
    package let wake: Wake

    /// - Throws: `SystemError` where no descriptor is to be had.
    package init() throws(SystemError) {
        wake = try Wake()
    }

    /// Leaves a message and wakes the owner where it may be asleep. Any thread.
    package func post(_ message: sending Message) {
        // Moved, and not copied: the owner may have taken it before this call returns, and a reference left
        // here would make it copy what it changes.
        var message: Message? = consume message
        let isFirst = waiting.withLock { messages in
            if let message = message.take() { messages.append(message) }
            return messages.count == 1
        }
        if isFirst { wake.signal() }
    }

    /// Takes all messages, oldest first, into `taken`, which must be empty: its memory serves the next ones.
    /// Owner only.
    package func take(into taken: inout [Message]) {
        precondition(taken.isEmpty, "messages that were taken before must be worked off first")
        wake.clear()
        waiting.withLock { messages in swap(&messages, &taken) }
    }
}
