import Bytes
import CNghttp2
import HTTP

/// What nghttp2 calls while it receives and sends, for all sessions.
enum HTTP2Callbacks {
    // SAFETY: filled once, then only read.
    nonisolated(unsafe) static let shared: OpaquePointer = {
        var made: OpaquePointer?
        precondition(unsafe nghttp2_session_callbacks_new(&made) == 0, "no memory at the start")
        let callbacks = unsafe made!
        unsafe nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, head, session in
            unsafe HTTP2Session.of(session).noteBegin(of: head!.pointee)
        }
        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, session in
            unsafe HTTP2Session.of(session).beginHead(frame!.pointee.headers)
        }
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, _, name, nameCount, value, valueCount, _, session in
            // SAFETY: nghttp2 lends both for the length of the call.
            unsafe HTTP2Session.of(session).takeField(
                Span(_unsafeStart: name!, count: nameCount), Span(_unsafeStart: value!, count: valueCount))
        }
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, session in
            unsafe HTTP2Session.of(session).takeFrame(frame!)
        }
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
            _, _, number, data, count, session in
            unsafe HTTP2Session.of(session).takeContent(number, data!, count)
        }
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, number, code, session in
            unsafe HTTP2Session.of(session).closeStream(number, code)
        }
        unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, session in
            unsafe HTTP2Session.of(session).noteSent(frame!)
        }
        unsafe nghttp2_session_callbacks_set_send_data_callback(callbacks) {
            _, frame, head, count, source, session in
            unsafe HTTP2Session.of(session).takePiece(head!, count, slot: Int(source!.pointee.fd))
        }
        // A frame with its head fills one TLS record, so that none is begun with the rest of another.
        unsafe nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks) {
            _, _, _, _, _, frameByteCountMax, _ in
            min(HTTP2Session.recordByteCountMax - HTTP2Session.frameHeadByteCount, Int(frameByteCountMax))
        }
        return unsafe callbacks
    }()

    /// Says how much content can be sent now; the octets themselves are asked for in `takePiece`.
    static let readContent: nghttp2_data_source_read_callback = { _, _, _, room, flags, source, session in
        let (count, isLast) = unsafe HTTP2Session.of(session).readContent(
            slot: Int(source!.pointee.fd), room: room)
        if count == 0 && !isLast { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
        unsafe flags!.pointee = UInt32(NGHTTP2_DATA_FLAG_NO_COPY.rawValue)
        if isLast { unsafe flags!.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue) }
        return count
    }
}

/// How nghttp2 is to behave, for all sessions.
enum HTTP2Options {
    // SAFETY: filled once, then only read.
    nonisolated(unsafe) static let shared: OpaquePointer = {
        var made: OpaquePointer?
        precondition(unsafe nghttp2_option_new(&made) == 0, "no memory at the start")
        let options = unsafe made!
        // Windows open as content is taken, not as it arrives.
        unsafe nghttp2_option_set_no_auto_window_update(options, 1)
        // Closed streams were kept for RFC 7540's priorities.
        unsafe nghttp2_option_set_no_closed_streams(options, 1)
        // More than come in one call of `receive`: who sends too many frames is sent away by
        // `FrameAllowance`, which says why.
        unsafe nghttp2_option_set_max_outbound_ack(options, 20_000)
        unsafe nghttp2_option_set_stream_reset_rate_limit(options, 20_000, 20_000)
        // nghttp2 counts the pieces in which a frame's head comes, and not frames: `noteBegin` does.
        unsafe nghttp2_option_set_max_continuations(options, Int.max)
        return unsafe options
    }()
}

// What happens in a call of `receive`.
extension HTTP2Session {
    /// The session that a callback is for.
    static func of(_ pointer: UnsafeMutableRawPointer?) -> HTTP2Session {
        // SAFETY: init stored it, and the method that is under way keeps it alive.
        unsafe Unmanaged.fromOpaque(pointer!).takeUnretainedValue()
    }

    /// Every frame costs, but for content: what a stream cost is earned back when its response is sent.
    ///
    /// nghttp2 looks whether there is more to read when it is given octets, and not between their frames:
    /// what follows a peer's GOAWAY and its last stream must come to nothing also where it comes with them.
    func noteBegin(of head: nghttp2_frame_hd) -> Int32 {
        if !wantsMore { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
        if UInt32(head.type) != NGHTTP2_DATA.rawValue || head.length == 0 { spend() }
        ignoredByteCount -= Self.frameHeadByteCount + head.length
        noteContinuation(UInt32(head.type) == NGHTTP2_CONTINUATION.rawValue)
        // Of a head that is refused nothing else is told.
        if headStream == 0 && Self.endsHead(head) { headBegunAt = nil }
        return 0
    }

    private static func endsHead(_ head: nghttp2_frame_hd) -> Bool {
        UInt32(head.flags) & NGHTTP2_FLAG_END_HEADERS.rawValue != 0
    }

    /// A head in pieces without end is one that is never looked at (CVE-2024-27316).
    private func noteContinuation(_ isContinuation: Bool) {
        continuationCount = isContinuation ? continuationCount + 1 : 0
        if continuationCount > limits.continuationsMax && !isSentAway { sendAway(for: .continuations) }
    }

    /// What was received and belongs to no frame that nghttp2 told of: content of streams that have ended,
    /// frames of unknown types; and fields that are not kept. A piece of it costs as much as a frame.
    func noteReceived(_ byteCount: Int) {
        ignoredByteCount += byteCount
        while ignoredByteCount > Self.ignoredPieceByteCount {
            ignoredByteCount -= Self.ignoredPieceByteCount
            spend()
        }
    }

    /// RFC 9113 section 4.1.
    static let frameHeadByteCount = 9
    /// RFC 8446 section 5.1.
    static let recordByteCountMax = 16_384
    private static let ignoredPieceByteCount = 4096

    private func spend() {
        allowance.spend()
        if allowance.isSpent && !isSentAway { sendAway(for: .frames) }
    }

    func beginHead(_ headers: nghttp2_headers) -> Int32 {
        // SAFETY: values of a structure that nghttp2 lends.
        isCollecting = unsafe headers.cat == NGHTTP2_HCAT_REQUEST
        headStream = unsafe headers.hd.stream_id
        headBegunAt = now
        if !isCollecting { return 0 }  // Trailer fields, which mean nothing here.
        let number = unsafe headers.hd.stream_id
        if streamCount >= limits.streamsMax { return unsafe refuse(headers.hd) }
        fields.begin()
        let slot = freeSlots.popLast() ?? numbers.count
        if slot == numbers.count {
            numbers.append(0)
            contentLeft.append(0)
            isOpenEnded.append(false)
        }
        numbers[slot] = number
        contentLeft[slot] = 0
        isOpenEnded[slot] = false
        // SAFETY: the pointer is a number and points nowhere. 0 is a stream without slot.
        return unsafe nghttp2_session_set_stream_user_data(
            session, number, UnsafeMutableRawPointer(bitPattern: slot + 1))
    }

    /// One stream too many: it is refused, and the others go on (RFC 9113 section 5.1.2). nghttp2 would end
    /// the connection. The refused one is open until that is sent, and costs as one that was broken off.
    private func refuse(_ head: nghttp2_frame_hd) -> Int32 {
        isCollecting = false
        headStream = 0
        if Self.endsHead(head) { headBegunAt = nil }
        spend()
        noteReceived(head.length)
        // SAFETY: values only.
        _ = unsafe nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), head.stream_id,
            HTTP2ErrorCode.refusedStream.rawValue)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
    }

    func takeField(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Int32 {
        // A few octets unfold to many (RFC 7541 section 7.3): those that are not kept are paid for as if they
        // had come. Who can't pay has the rest unfolded, for the table's sake, and not looked at.
        if !isCollecting || fields.isRefused {
            noteReceived(RequestFields.fieldOverhead + name.count + value.count)
            if isSentAway { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue }
        }
        if !isCollecting { return 0 }
        fields.append(name: name, value: value)
        let mustPause = fields.count > Self.fieldsByteCountMax && !events.isEmpty
        return mustPause ? NGHTTP2_ERR_PAUSE.rawValue : 0
    }

    func takeFrame(_ frame: UnsafePointer<nghttp2_frame>) -> Int32 {
        let head = unsafe frame.pointee.hd
        let endsStream = UInt32(head.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
        switch UInt32(head.type) {
        case NGHTTP2_HEADERS.rawValue:
            headBegunAt = nil
            guard let stream = stream(head.stream_id) else { return 0 }
            if unsafe frame.pointee.headers.cat != NGHTTP2_HCAT_REQUEST {
                if endsStream { events.append(.contentEnd(stream)) }
                return 0
            }
            isCollecting = false
            var head: Result<Range<Int>, RequestFault>
            do throws(RequestFault) { head = .success(try fields.end()) } catch { head = .failure(error) }
            events.append(.request(stream, head, hasContent: !endsStream))
        case NGHTTP2_DATA.rawValue:
            if endsStream, let stream = stream(head.stream_id) { events.append(.contentEnd(stream)) }
        default: break
        }
        return 0
    }

    func takeContent(_ number: Int32, _ data: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
        guard let stream = stream(number) else {
            consumeForOthers(count)
            return 0
        }
        // SAFETY: nghttp2 hands out a part of what it was given (nghttp2_on_data_chunk_recv_callback).
        let start = unsafe data - input!
        events.append(.content(stream, start..<start + count))
        return 0
    }

    func closeStream(_ number: Int32, _ code: UInt32) -> Int32 {
        guard let stream = stream(number) else { return 0 }
        if number == headStream { headBegunAt = nil }
        numbers[stream.slot] = 0
        freeSlots.append(stream.slot)
        let isWhole = code == HTTP2ErrorCode.noError.rawValue
        // Whoever broke it off, the work for it was in vain.
        if !isWhole { spend() }
        events.append(.closed(stream, isWhole: isWhole))
        return 0
    }

    private func stream(_ number: Int32) -> HTTP2StreamID? {
        // SAFETY: `beginHead` stored a number, not a pointer.
        let slot = unsafe Int(bitPattern: nghttp2_session_get_stream_user_data(session, number)) - 1
        return slot < 0 ? nil : HTTP2StreamID(number: number, slot: slot)
    }
}

// What happens in a call of `makePieces`.
extension HTTP2Session {
    func readContent(slot: Int, room: Int) -> (count: Int, isLast: Bool) {
        let count = min(room, contentLeft[slot])
        contentLeft[slot] -= count
        return (count, contentLeft[slot] == 0 && !isOpenEnded[slot])
    }

    func takePiece(_ head: UnsafePointer<UInt8>, _ count: Int, slot: Int) -> Int32 {
        // SAFETY: a frame's head has nine octets (RFC 9113 section 4.1).
        unsafe append(frame: UnsafeBufferPointer(start: head, count: 9))
        pieces[pieces.count - 1].slot = slot
        pieces[pieces.count - 1].contentByteCount = count
        pieceRoom -= count
        return pieceRoom > 0 ? 0 : NGHTTP2_ERR_PAUSE.rawValue
    }

    /// Appends octets to the pieces.
    func append(frame octets: UnsafeBufferPointer<UInt8>) {
        frames.append(copying: unsafe Span(_unsafeElements: octets))
        if unsafe octets.count > Self.streamsMaxOffset && octets[3] == UInt8(NGHTTP2_SETTINGS.rawValue) {
            announceStreamsMax(inLast: octets.count)
        }
        pieceRoom -= octets.count
        if let last = pieces.last, last.contentByteCount == 0 {
            pieces[pieces.count - 1].frameByteCount += octets.count
        } else {
            pieces.append(HTTP2Piece(frameByteCount: octets.count))
        }
    }

    /// Puts the limit to streams into the settings that were just appended, the only ones of this side with
    /// entries: the value of the first entry, behind the frame's head and the entry's name (RFC 9113 section
    /// 6.5.1).
    private func announceStreamsMax(inLast byteCount: Int) {
        let value = UInt32(limits.streamsMax)
        let octets: [UInt8] = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
        frames.overwrite(at: frames.count - byteCount + Self.streamsMaxOffset, with: octets.span)
    }

    private static let streamsMaxOffset = frameHeadByteCount + 2

    /// Tells of an answer that came before the request's end, and of what this side breaks off.
    func noteSent(_ frame: UnsafePointer<nghttp2_frame>) -> Int32 {
        // SAFETY: values of a structure that nghttp2 lends; its type says which member the union has.
        let head = unsafe frame.pointee.hd
        let type = UInt32(head.type)
        if type == NGHTTP2_RST_STREAM.rawValue {
            // SAFETY: see above.
            unsafe breaks.append(.stream(code: frame.pointee.rst_stream.error_code))
        } else if type == NGHTTP2_GOAWAY.rawValue {
            // SAFETY: see above.
            unsafe breaks.append(.connection(code: frame.pointee.goaway.error_code))
        }
        guard type == NGHTTP2_HEADERS.rawValue || type == NGHTTP2_DATA.rawValue else { return 0 }
        allowance.earn()
        if UInt32(head.flags) & NGHTTP2_FLAG_END_STREAM.rawValue == 0 { return 0 }
        // SAFETY: values only.
        let isRequestOver = unsafe nghttp2_session_get_stream_remote_close(session, head.stream_id) != 0
        if !isRequestOver, let stream = stream(head.stream_id) { events.append(.answeredEarly(stream)) }
        return 0
    }
}
