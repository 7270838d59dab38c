package import Bytes
import CNghttp2
package import HTTP

/// The server's side of an HTTP/2 connection (RFC 9113), over nghttp2: octets in and events out, responses in
/// and octets out. It knows no socket and no route, and never waits. One thread.
///
/// A request's content is taken at the pace of `consume`, a response's is asked for when it can be sent, so
/// nothing is held here but heads and frames without content.
@safe
package final class HTTP2Session {
    /// Heads that wait for their events to be handled, beyond which no more are received.
    static let fieldsByteCountMax = 64 * 1024

    // SAFETY: made in init, freed in deinit, and not handed out.
    let session: OpaquePointer
    let limits: HTTP2Limits

    /// Of the events that wait.
    package internal(set) var fields: RequestFields
    package internal(set) var events: [HTTP2Event] = []
    /// The octets of the pieces that wait, without content.
    var frames = Buffer()
    package internal(set) var pieces: [HTTP2Piece] = []
    /// What those pieces break off.
    package internal(set) var breaks: [HTTP2Break] = []

    // What the callbacks of a call need to know.
    var isCollecting = false
    var input: UnsafePointer<UInt8>?
    var pieceRoom = 0
    var allowance: FrameAllowance
    /// Octets that came and were of no use, less those of frames that are still to come.
    var ignoredByteCount = 0
    /// CONTINUATION frames of the head that comes.
    var continuationCount = 0
    /// The stream whose head, or whose trailer fields, have begun and not ended; 0 for none, and
    /// for one that is refused.
    var headStream: Int32 = 0
    /// When they began, in milliseconds of the monotonic clock; nil where none has. No other frame may come
    /// before their end (RFC 9113 section 4.3).
    package internal(set) var headBegunAt: UInt64?
    /// The time of the call that is under way.
    var now: UInt64 = 0

    /// The number of the stream that has a slot, 0 for none.
    var numbers: [Int32] = []
    var freeSlots: [Int] = []
    /// Of each slot's response, what was not asked for yet.
    var contentLeft: [Int] = []
    /// Whether each slot's response may have more than that.
    var isOpenEnded: [Bool] = []
    private var hasFailed = false
    /// What the peer was told to go for; nil where it was not for what it costs.
    package private(set) var excess: HTTP2Excess?

    /// Makes a session that awaits the client's preface, and has its own to send.
    ///
    /// - Returns: nil where there is no memory for it.
    package init?(limits: HTTP2Limits, requestLimits: RequestLimits) {
        var made: OpaquePointer?
        // SAFETY: nghttp2 copies the callbacks and the options.
        let result = unsafe nghttp2_session_server_new2(
            &made, HTTP2Callbacks.shared, nil, HTTP2Options.shared)
        guard result == 0, let made = unsafe made else { return nil }
        unsafe session = made
        self.limits = limits
        fields = RequestFields(limits: requestLimits)
        allowance = FrameAllowance(limits: limits)
        // SAFETY: callbacks happen only within calls of this object's methods, which keep it alive.
        unsafe nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
        if !submitSettings(requestLimits) {
            hasFailed = true
        }
    }

    deinit { unsafe nghttp2_session_del(session) }

    private func submitSettings(_ requestLimits: RequestLimits) -> Bool {
        let settings = [
            // First, for `announceStreamsMax`. Here it is nghttp2's own limit, which `beginHead` keeps below.
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue), value: UInt32.max),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: UInt32(limits.streamWindowByteCount)),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
                value: UInt32(requestLimits.fieldSectionByteCountMax)),
            // Priorities are those of RFC 9218.
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES.rawValue), value: 1),
        ]
        // SAFETY: the entries are copied.
        return unsafe nghttp2_submit_settings(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count) == 0
            && nghttp2_session_set_local_window_size(
                session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(limits.connectionWindowByteCount)) == 0
    }
}

// MARK: Receiving

extension HTTP2Session {
    /// Takes octets from the peer. What they came to is in `events`, which are to be handled, and removed,
    /// before the octets change.
    ///
    /// - Parameter now: milliseconds of the monotonic clock.
    /// - Returns: how many octets were taken: not all where much waits to be handled first. Nil where the
    ///   connection can't go on; what is there to say is then in the next pieces.
    package func receive(_ octets: Span<UInt8>, now: UInt64) -> Int? {
        if hasFailed { return nil }
        allowance.refill(now: now)
        self.now = now
        // SAFETY: the callbacks compare the pointer with those they are given, within this call.
        let count = unsafe octets.withUnsafeBufferPointer { memory in
            unsafe input = memory.baseAddress
            defer { unsafe input = nil }
            return unsafe nghttp2_session_mem_recv(session, memory.baseAddress, memory.count)
        }
        if count < 0 {
            if !wantsMore { return octets.count }
            hasFailed = true
            return nil
        }
        noteReceived(count)
        return count
    }

    /// Whether what the peer may still send can mean anything.
    var wantsMore: Bool {
        // SAFETY: values only.
        unsafe nghttp2_session_want_read(session) != 0
    }

    /// All events are handled.
    package func removeEvents() {
        events.removeAll(keepingCapacity: true)
        fields.removeAll()
    }

    /// Whether a stream that an event named is still open: it may have ended with a later event.
    package func isOpen(_ stream: HTTP2StreamID) -> Bool { numbers[stream.slot] == stream.number }

    /// Open streams.
    package var streamCount: Int { numbers.count - freeSlots.count }

    /// Gives the peer room for as much content as was taken from it (RFC 9113 section 6.9).
    package func consume(_ byteCount: Int, of stream: HTTP2StreamID) {
        // SAFETY: a number of a stream that has ended is looked up and not found; what it took of the
        // connection's window is given back all the same. An error is want of memory, which the next call
        // meets too.
        _ = unsafe nghttp2_session_consume(session, stream.number, byteCount)
    }

    /// Gives room for what came on a stream that is to bring no more: to the other streams, not to this one.
    package func consumeForOthers(_ byteCount: Int) {
        // SAFETY: see `consume`.
        _ = unsafe nghttp2_session_consume_connection(session, byteCount)
    }
}

// MARK: Sending

extension HTTP2Session {
    /// Begins a response.
    ///
    /// - Parameters:
    ///   - lines: its fields, each `Name: value` with CR LF. The names are put in lower case here.
    ///   - contentByteCount: how much content follows; it is asked for in pieces.
    ///   - isOpenEnded: whether more is offered later, until `finish`.
    package func respond(
        _ stream: HTTP2StreamID, status: UInt16, lines: inout Buffer, contentByteCount: Int,
        isOpenEnded: Bool = false
    ) {
        if !isOpen(stream) { return }
        contentLeft[stream.slot] = contentByteCount
        self.isOpenEnded[stream.slot] = isOpenEnded
        if contentByteCount > Self.fairByteCountMin { shareFairly(stream) }
        submit(stream, status, &lines, contentByteCount: contentByteCount)
    }

    /// There is more content for a response that was open-ended.
    package func offer(_ stream: HTTP2StreamID, byteCount: Int) {
        if !isOpen(stream) { return }
        contentLeft[stream.slot] += byteCount
        resume(stream)
    }

    /// An open-ended response has no more content than was offered.
    package func finish(_ stream: HTTP2StreamID) {
        if !isOpen(stream) { return }
        isOpenEnded[stream.slot] = false
        resume(stream)
    }

    private func resume(_ stream: HTTP2StreamID) {
        // SAFETY: values only. Where content wasn't awaited there is nothing to resume, which is no error of
        // the caller's.
        _ = unsafe nghttp2_session_resume_data(session, stream.number)
    }

    /// Asks for the content of a request whose head expects it (RFC 9110 section 10.1.1).
    package func respondContinue(_ stream: HTTP2StreamID) {
        if !isOpen(stream) { return }
        // SAFETY: the field is copied.
        unsafe withStatusField(100) { field in
            _ = unsafe nghttp2_submit_headers(
                session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.number, nil, field, 1, nil)
        }
    }

    /// Breaks a stream off.
    package func reset(_ stream: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        if !isOpen(stream) { return }
        // SAFETY: values only.
        _ = unsafe nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.number, code.rawValue)
    }

    /// Tells the peer to open no more streams; those that are open go on (RFC 9113 section 6.8).
    package func refuseStreams() {
        // SAFETY: values only.
        let last = unsafe nghttp2_session_get_last_proc_stream_id(session)
        // SAFETY: no debug data is given.
        _ = unsafe nghttp2_submit_goaway(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, HTTP2ErrorCode.noError.rawValue, nil, 0)
    }

    /// Tells the peer that the end is near: `refuseStreams` follows once it may have read that.
    package func announceEnd() {
        // SAFETY: values only.
        _ = unsafe nghttp2_submit_shutdown_notice(session)
    }

    /// The peer was told to go for what it costs.
    var isSentAway: Bool { excess != nil }

    /// Ends the connection, with the protocol's word for a peer that causes too much work.
    func sendAway(for excess: HTTP2Excess) {
        self.excess = excess
        end(.enhanceYourCalm)
    }

    /// Ends the connection and all streams: nothing but this is said any more (RFC 9113 section 5.4.1).
    package func end(_ code: HTTP2ErrorCode) {
        // SAFETY: values only.
        _ = unsafe nghttp2_session_terminate_session(session, code.rawValue)
    }

    /// Whether the peer takes no content at all (RFC 9113 section 5.2).
    package var isWindowShut: Bool {
        // SAFETY: values only.
        unsafe nghttp2_session_get_remote_window_size(session) <= 0
    }

    /// Whether the peer takes no content of a stream.
    package func isWindowShut(of number: Int32) -> Bool {
        // SAFETY: values only.
        unsafe nghttp2_session_get_stream_remote_window_size(session, number) <= 0
    }

    /// Makes the next pieces, in their order: about `byteCountMax` octets, one frame more at the most. They
    /// are to be sent, and removed, before anything else is asked of this session; streams that ended with
    /// them are in `events`.
    ///
    /// - Returns: whether there may be more.
    package func makePieces(byteCountMax: Int) -> Bool {
        pieceRoom = byteCountMax
        while pieceRoom > 0 && !hasFailed {
            var data: UnsafePointer<UInt8>?
            // SAFETY: the octets are the session's own, and copied before it is used again.
            let count = unsafe nghttp2_session_mem_send(session, &data)
            if count < 0 { hasFailed = true }
            guard count > 0, let data = unsafe data else { return pieceRoom <= 0 }
            unsafe append(frame: UnsafeBufferPointer(start: data, count: count))
        }
        return !hasFailed
    }

    /// Appends a part of the octets of the pieces, which are without content.
    package func appendFrames(_ range: Range<Int>, to buffer: inout Buffer) {
        buffer.append(range, of: frames)
    }

    /// All pieces are sent.
    package func removePieces() {
        frames.removeAll(keepingAtMost: Self.keptByteCountMax)
        pieces.removeAll(keepingCapacity: true)
        breaks.removeAll()
    }

    /// Nothing more will be received or sent.
    package var isOver: Bool {
        // SAFETY: values only.
        unsafe hasFailed || !wantsMore && nghttp2_session_want_write(session) == 0
    }

    /// A response from so many octets on shares the connection with all others; a smaller one is sent at
    /// once.
    private static let fairByteCountMin = 16 * 1024
    private static let keptByteCountMax = 4096

    /// Takes turns with other streams, whatever the client says (RFC 9218 section 10): else a large response
    /// would hold up all that were asked for later.
    private func shareFairly(_ stream: HTTP2StreamID) {
        var priority = nghttp2_extpri(urgency: UInt32(NGHTTP2_EXTPRI_DEFAULT_URGENCY), inc: 1)
        // SAFETY: the priority is copied.
        _ = unsafe nghttp2_session_change_extpri_stream_priority(session, stream.number, &priority, 1)
    }
}

/// Why a stream or a connection ends (RFC 9113 section 7).
package enum HTTP2ErrorCode: UInt32, Sendable {
    case noError = 0
    case protocolError = 1
    case internalError = 2
    case refusedStream = 7
    case cancel = 8
    case enhanceYourCalm = 11
}
