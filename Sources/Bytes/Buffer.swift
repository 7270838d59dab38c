/// An owned run of octets that is filled at the tail and consumed from the head.
///
/// Memory is taken when the first octet arrives and can be given back with `release()`, so an idle
/// connection's buffer costs nothing. One owner, one thread.
@safe
@usableFromInline
package struct Buffer: ~Copyable, OctetSink {
    // SAFETY: in the whole type 0 ≤ head ≤ tail ≤ memory.count holds after every call, and head..<tail is
    // initialised. No one else has the memory: it is never lent but in spans that borrow self.
    @usableFromInline var memory: UnsafeMutableBufferPointer<UInt8>
    @usableFromInline var head = 0
    @usableFromInline var tail = 0

    /// Makes a buffer that holds no memory yet.
    @inlinable
    package init() {
        unsafe memory = UnsafeMutableBufferPointer(start: nil, count: 0)
    }

    /// Makes a buffer with room for `capacity` octets.
    @inlinable
    package init(capacity: Int) {
        self.init()
        reserve(capacity)
    }

    @inlinable
    // SAFETY: allocated here or nil, and no span outlives self.
    deinit { unsafe memory.deallocate() }

    /// Octets that wait to be consumed.
    @inlinable
    package var count: Int { tail - head }

    /// Whether no octet waits.
    @inlinable
    package var isEmpty: Bool { tail == head }

    /// Octets of memory held now.
    @inlinable
    // SAFETY: the count is of a value, no memory is touched.
    package var capacity: Int { unsafe memory.count }

    /// The octets that wait, oldest first.
    @inlinable
    package var octets: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // SAFETY: head...tail is initialised memory of this buffer, which the span's borrow keeps alive
            // and unchanged.
            let span = unsafe Span(_unsafeElements: UnsafeBufferPointer(rebasing: memory[head..<tail]))
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The octets that wait, to be changed in place.
    @inlinable
    package var mutableOctets: MutableSpan<UInt8> {
        @_lifetime(&self)
        mutating get {
            // SAFETY: head..<tail is initialised memory of this buffer, which the span has to itself.
            let span = unsafe MutableSpan(
                _unsafeElements: UnsafeMutableBufferPointer(rebasing: memory[head..<tail]))
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }

    /// Drops the oldest `count` octets.
    @inlinable
    package mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= tail - head, "consuming more than the buffer holds")
        head += count
        if head == tail {
            head = 0
            tail = 0
        }
    }

    /// Drops the newest octets until `count` are left.
    @inlinable
    package mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= tail - head, "truncating to more than the buffer holds")
        tail = head + count
    }

    /// Drops all octets and keeps the memory.
    @inlinable
    package mutating func removeAll() {
        head = 0
        tail = 0
    }

    /// Drops all octets and gives the memory back.
    @inlinable
    package mutating func release() {
        // SAFETY: allocated here or nil, and exclusive access means that no span borrows it.
        unsafe memory.deallocate()
        unsafe memory = UnsafeMutableBufferPointer(start: nil, count: 0)
        head = 0
        tail = 0
    }

    /// Drops all octets, and gives the memory back where it is more than `byteCountMax`.
    @inlinable
    package mutating func removeAll(keepingAtMost byteCountMax: Int) {
        if capacity > byteCountMax { release() } else { removeAll() }
    }

    /// Makes room for at least `count` more octets, moving or growing the memory where needed.
    @inlinable
    package mutating func reserve(_ count: Int) {
        // SAFETY: the count is of a value, no memory is touched.
        if unsafe memory.count - tail >= count { return }
        grow(count)
    }

    @usableFromInline
    mutating func grow(_ count: Int) {
        let waiting = tail - head
        // SAFETY: both regions are this buffer's own; the copy takes `waiting` initialised octets into a
        // region at least that long.
        if unsafe memory.count - waiting >= count && head > 0 {
            unsafe memory.baseAddress!.update(from: memory.baseAddress! + head, count: waiting)
        } else {
            let doubled = unsafe max(memory.count * 2, 64)
            let wider = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(waiting + count, doubled))
            if waiting > 0 {
                unsafe wider.baseAddress!.initialize(from: memory.baseAddress! + head, count: waiting)
            }
            unsafe memory.deallocate()
            unsafe memory = wider
        }
        head = 0
        tail = waiting
    }

    /// Appends an octet.
    @inlinable
    package mutating func append(_ octet: UInt8) {
        reserve(1)
        // SAFETY: reserve made room for one more.
        unsafe memory[tail] = octet
        tail += 1
    }

    /// Appends octets.
    @inlinable
    package mutating func append(copying octets: Span<UInt8>) {
        if octets.isEmpty { return }
        reserve(octets.count)
        // SAFETY: reserve made room for octets.count more; source and target can't overlap, as self is
        // exclusive here.
        unsafe octets.withUnsafeBufferPointer {
            unsafe (memory.baseAddress! + tail).initialize(from: $0.baseAddress!, count: $0.count)
        }
        tail += octets.count
    }

    /// Appends what waits in another buffer.
    @inlinable
    package mutating func append(contentsOf other: borrowing Buffer) {
        append(copying: other.octets)
    }

    /// Appends a part of what waits in another buffer.
    @inlinable
    package mutating func append(_ range: Range<Int>, of other: borrowing Buffer) {
        append(copying: other.octets.extracting(range))
    }

    /// Lets `body` append to the free memory behind the tail, at least `minimum` octets of it.
    @inlinable
    package mutating func withFree<Result, Failure: Error>(
        minimum: Int, _ body: (inout OutputSpan<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        reserve(minimum)
        // SAFETY: the region tail... is this buffer's own and free; what body initialised is counted in even
        // if it throws.
        let free = unsafe UnsafeMutableBufferPointer(rebasing: memory[tail...])
        var output = unsafe OutputSpan(buffer: free, initializedCount: 0)
        do {
            let result = try body(&output)
            tail += unsafe output.finalize(for: free)
            return result
        } catch {
            tail += unsafe output.finalize(for: free)
            throw error
        }
    }

    /// Overwrites octets that were appended before: for a length that is known only once its content is.
    @inlinable
    package mutating func overwrite(at offset: Int, with octets: Span<UInt8>) {
        precondition(offset >= 0 && offset + octets.count <= count, "overwriting past the end of the buffer")
        // SAFETY: the precondition keeps the index within head..<tail.
        for index in octets.indices { unsafe memory[head + offset + index] = octets[index] }
    }
}
