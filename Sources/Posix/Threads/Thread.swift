import CLinux
import Glibc

/// A system thread that runs one function and is joined by whoever started it (pthreads(7)).
package final class Thread {
    private let handle: pthread_t
    private var isJoined = false

    /// Starts a thread that runs `body` with `owned`, which belongs to that thread from now on: the caller,
    /// and whoever else holds it, must not touch it again before `join` has returned.
    ///
    /// - Parameter name: shows in `top -H` and debuggers; the kernel keeps 15 octets of it.
    /// - Throws: `SystemError` where the system has no room for one more thread.
    package init<Owned: AnyObject>(
        name: String, owning owned: Owned, _ body: @escaping @Sendable (Owned) -> Void
    ) throws(SystemError) {
        var handle = pthread_t()
        // SAFETY: the new thread takes over the one retain of `start`; if none was started, it is released
        // here. What is handed over is left alone by everyone else, as the comment above asks.
        let start = unsafe Unmanaged.passRetained(
            Start(name: String(name.utf8.prefix(15)) ?? "") { [owned] in body(owned) })
        let code = unsafe pthread_create(
            &handle, nil,
            { argument in
                let start = unsafe Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
                _ = unsafe pthread_setname_np(pthread_self(), start.name)
                start.body()
                return nil
            }, start.toOpaque())
        if code != 0 {
            unsafe start.release()
            throw SystemError(call: "pthread_create", subject: name, code: code)
        }
        self.handle = handle
    }

    /// Waits until the thread has ended. Once.
    package func join() {
        precondition(!isJoined, "a thread is joined once")
        isJoined = true
        let code = pthread_join(handle, nil)
        precondition(code == 0, "a thread can be joined by its owner")
    }

    private final class Start {
        let name: String
        let body: () -> Void

        init(name: String, body: @escaping () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
