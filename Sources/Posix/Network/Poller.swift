import CLinux
import Glibc

/// Waits for many descriptors at once: level-triggered epoll(7). One thread.
@safe
package struct Poller: ~Copyable {
    /// What is waited for on a descriptor: one thing at a time. Errors and hang-ups are always reported.
    package enum Interest: Sendable {
        case none
        /// Octets, a connection or the end of the stream to take.
        case read
        /// Room to send.
        case write

        fileprivate var flags: UInt32 {
            switch self {
            case .none: 0
            case .read: EPOLLIN.rawValue
            case .write: EPOLLOUT.rawValue
            }
        }
    }

    /// What happened on a descriptor.
    package struct Event: Sendable {
        /// The token under which the descriptor was added.
        package let token: UInt64
        private let flags: UInt32

        fileprivate init(token: UInt64, flags: UInt32) {
            self.token = token
            self.flags = flags
        }

        /// There is something to read, the end of the stream and errors included: a read tells which.
        package var isReadable: Bool {
            flags & (EPOLLIN.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
        }

        /// There is room to send, or an error that a send tells.
        package var isWritable: Bool { flags & (EPOLLOUT.rawValue | EPOLLERR.rawValue) != 0 }

        /// Both directions are shut down, or an error is pending: no further interest is needed to hear of
        /// it.
        package var isHangUp: Bool { flags & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 }
    }

    private let descriptor: Descriptor
    // SAFETY: epoll_event holds a union with a pointer in it; only its integer member is ever used.
    private var events: [epoll_event]

    /// - Parameter eventsMax: how many events one wait reports at the most.
    /// - Throws: `SystemError` where no descriptor is to be had.
    package init(eventsMax: Int) throws(SystemError) {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        if number < 0 { throw SystemError(call: "epoll_create1", subject: "an event loop") }
        descriptor = Descriptor(owning: number)
        unsafe events = [epoll_event](repeating: epoll_event(), count: eventsMax)
    }

    /// Starts to watch a descriptor; its events carry `token`.
    package borrowing func add(
        _ watched: borrowing Descriptor, token: UInt64, interest: Interest
    ) throws(SystemError) {
        try control(EPOLL_CTL_ADD, watched.number, token, interest)
    }

    /// Changes what is waited for on a watched descriptor.
    package borrowing func modify(
        _ watched: borrowing Descriptor, token: UInt64, interest: Interest
    ) throws(SystemError) {
        try control(EPOLL_CTL_MOD, watched.number, token, interest)
    }

    /// Stops to watch a descriptor that stays open. Closing one ends the watch by itself.
    package borrowing func remove(_ watched: borrowing Descriptor) throws(SystemError) {
        try control(EPOLL_CTL_DEL, watched.number, 0, .none)
    }

    private borrowing func control(
        _ operation: Int32, _ number: Int32, _ token: UInt64, _ interest: Interest
    ) throws(SystemError) {
        // SAFETY: epoll_ctl copies the structure before it returns.
        var event = unsafe epoll_event()
        unsafe event.events = interest.flags
        unsafe event.data.u64 = token
        if unsafe epoll_ctl(descriptor.number, operation, number, &event) != 0 {
            throw SystemError(call: "epoll_ctl", subject: "descriptor \(number)")
        }
    }

    /// Waits until something happens or `timeoutMilliseconds` have passed (−1: no limit), and returns how
    /// many events `event(at:)` now holds.
    package mutating func wait(timeoutMilliseconds: Int32) -> Int {
        // SAFETY: the kernel writes at most `events.count` structures.
        let count = unsafe events.withUnsafeMutableBufferPointer {
            unsafe epoll_wait(descriptor.number, $0.baseAddress!, Int32($0.count), timeoutMilliseconds)
        }
        // EINTR is the only error a valid descriptor and buffer can give (epoll_wait(2)).
        return max(0, Int(count))
    }

    /// An event of the last wait.
    package borrowing func event(at index: Int) -> Event {
        unsafe Event(token: events[index].data.u64, flags: events[index].events)
    }
}
