import Bytes
import Posix
import Synchronization
import TLS

/// Everything that is told to Prometheus. Names follow its conventions: base units, `_total` for counters.
enum MetricsReport {
    /// Puts a report into the response's text.
    static func fill(from board: MetricsBoard, nowSeconds: UInt64, into text: inout [UInt8]) {
        var out = MetricsText()
        let loops = board.total
        appendRequests(loops, to: &out)
        appendConnections(loops, to: &out)
        append(loops.http2, to: &out)
        appendFollowers(loops, to: &out)
        appendItems(loops, to: &out)
        appendLog(board.log.withLock { $0 }, loops, to: &out)
        appendStore(board.store.withLock { $0 }, to: &out)
        appendProcess(board, nowSeconds: nowSeconds, to: &out)
        text.append(copying: out.text.octets)
    }

    private static func appendRequests(_ loops: LoopMetrics, to out: inout MetricsText) {
        out.begin("syncstreamer_http_requests_total", .counter, "Requests answered.")
        loops.requests.visit { route, isHTTP2, status, count in
            out.sample(count, code: status, "protocol", isHTTP2 ? "h2" : "http/1.1", "route", route.name)
        }
        out.begin(
            "syncstreamer_http_request_duration_seconds", .histogram,
            "From a request's head to its answer, durable where it is an upload's.")
        for route in RouteLabel.allCases {
            out.samples(of: loops.requests.durations[Int(route.rawValue)], "route", route.name)
        }
        out.begin(
            "syncstreamer_rate_limited_total", .counter, "Requests answered 429, by the limit they met.")
        for policy in RatePolicy.allCases {
            out.sample(loops.rateRefusals[Int(policy.rawValue)], "policy", policy.name)
        }
        out.begin("syncstreamer_wrong_secrets_total", .counter, "Uploads with a secret that is none.")
        out.sample(loops.wrongSecrets)
        out.begin("syncstreamer_received_bytes_total", .counter, "Octets received, as they were on the wire.")
        out.sample(loops.receivedByteCount)
        out.begin(
            "syncstreamer_sent_bytes_total", .counter,
            "Octets sent, as they were on the wire, but without what the kernel adds to records of --ktls.")
        out.sample(loops.sentByteCount)
    }

    private static func appendConnections(_ loops: LoopMetrics, to out: inout MetricsText) {
        out.begin("syncstreamer_connections", .gauge, "Open connections.")
        out.sample(loops.openConnections)
        out.begin("syncstreamer_connections_accepted_total", .counter, "Connections taken.")
        out.sample(loops.acceptedConnections)
        out.begin("syncstreamer_connections_refused_total", .counter, "Connections over a limit.")
        for reason in ConnectionRefusal.allCases {
            out.sample(loops.refusedConnections[Int(reason.rawValue)], "reason", reason.name)
        }
        out.begin(
            "syncstreamer_connection_timeouts_total", .counter, "Connections and uploads that took too long.")
        for kind in ConnectionTimeout.allCases {
            out.sample(loops.timeouts[Int(kind.rawValue)], "kind", kind.name)
        }
        out.begin("syncstreamer_tls_handshakes_total", .counter, "Complete handshakes.")
        for (index, version) in (["TLSv1.2", "TLSv1.3"] as [StaticString]).enumerated() {
            out.sample(loops.handshakes[2 * index], "version", version, "resumed", "false")
            out.sample(loops.handshakes[2 * index + 1], "version", version, "resumed", "true")
        }
        out.begin("syncstreamer_tls_handshake_failures_total", .counter, "Handshakes that failed.")
        for reason in HandshakeFailure.allCases {
            out.sample(loops.failedHandshakes[Int(reason.rawValue)], "reason", reason.name)
        }
        out.begin(
            "syncstreamer_loop_turn_duration_seconds", .histogram, "What an event loop does at a stretch.")
        out.samples(of: loops.turns)
    }

    private static func append(_ http2: HTTP2Metrics, to out: inout MetricsText) {
        out.begin(
            "syncstreamer_http2_connections_sent_away_total", .counter,
            "HTTP/2 connections that were ended for what they cost.")
        out.sample(http2.sentAwayForFrames, "reason", "frames")
        out.sample(http2.sentAwayForContinuations, "reason", "continuations")
        out.begin(
            "syncstreamer_http2_goaways_total", .counter,
            "GOAWAY frames sent, by their code; a drain sends two with no-error.")
        for reason in HTTP2Reason.allCases {
            out.sample(http2.goodbyes[Int(reason.rawValue)], "reason", reason.name)
        }
        out.begin(
            "syncstreamer_http2_streams_reset_total", .counter,
            "RST_STREAM frames sent, by their code; refused-stream is one too many.")
        for reason in HTTP2Reason.allCases {
            out.sample(http2.resets[Int(reason.rawValue)], "reason", reason.name)
        }
        out.begin(
            "syncstreamer_http2_failures_total", .counter,
            "HTTP/2 connections that ended without GOAWAY: what came was not HTTP/2, or memory was short.")
        out.sample(http2.failures)
    }

    private static func appendFollowers(_ loops: LoopMetrics, to out: inout MetricsText) {
        out.begin(
            "syncstreamer_followers", .gauge,
            "Requests that wait for the next frame, and open event streams of frames and of channels.")
        for kind in FollowerKind.allCases {
            out.sample(loops.followers[Int(kind.rawValue)], "kind", kind.name)
        }
        out.begin(
            "syncstreamer_followers_lagged_total", .counter,
            "Event streams that were ended because their reader was too far behind.")
        for kind in FollowerKind.allCases where kind != .wait {
            out.sample(loops.laggedFollowers[Int(kind.rawValue)], "kind", kind.name)
        }
    }

    private static func appendItems(_ loops: LoopMetrics, to out: inout MetricsText) {
        out.begin(
            "syncstreamer_uploads_refused_total", .counter,
            "Uploads for which there was no room at their head.")
        for reason in UploadRefusal.allCases {
            out.sample(loops.refusedUploads[Int(reason.rawValue)], "reason", reason.name)
        }
        out.begin(
            "syncstreamer_upload_memory_bytes", .gauge,
            "Octets that uploads hold of items that have not come whole.")
        out.sample(loops.uploadByteCount)
        out.begin("syncstreamer_items_accepted_total", .counter, "Items that are durable.")
        out.sample(loops.acceptedItems)
        out.begin("syncstreamer_items_accepted_bytes_total", .counter, "Octets of those items.")
        out.sample(loops.acceptedItemByteCount)
        out.begin("syncstreamer_items_rejected_total", .counter, "Items that are in no frame.")
        for reason in ItemRejection.allCases {
            out.sample(loops.rejectedItems[Int(reason.rawValue)], "reason", reason.name)
        }
    }

    private static func appendLog(_ log: MetricsBoard.Log, _ loops: LoopMetrics, to out: inout MetricsText) {
        out.begin("syncstreamer_log_queue_bytes", .gauge, "Octets of items on their way to the log.")
        out.sample(loops.queuedByteCount)
        out.begin("syncstreamer_log_queue_items", .gauge, "Those items.")
        out.sample(loops.queuedItems)
        out.begin(
            "syncstreamer_log_commit_duration_seconds", .histogram,
            "Commits of items, of all that waited at once.")
        out.samples(of: log.commits)
        out.begin("syncstreamer_log_sync_duration_seconds", .histogram, "What the disk took of each.")
        out.samples(of: log.syncs)
        out.begin("syncstreamer_window_items", .gauge, "Items in windows that are not sealed.")
        out.sample(log.openWindowItems)
        out.begin("syncstreamer_window_bytes", .gauge, "Octets of those items.")
        out.sample(log.openWindowByteCount)
    }

    private static func appendStore(_ store: MetricsBoard.Store, to out: inout MetricsText) {
        out.begin(
            "syncstreamer_seal_duration_seconds", .histogram,
            "From the end of a window until its frame can be read.")
        out.samples(of: store.seals)
        out.begin("syncstreamer_windows_waiting", .gauge, "Windows that are sealed and not stored yet.")
        out.sample(store.waitingWindows)
        out.begin("syncstreamer_frames", .gauge, "Frames that are retained.")
        out.sample(store.frames)
        out.begin("syncstreamer_frames_bytes", .gauge, "Octets of those frames, gzip forms included.")
        out.sample(store.byteCount)
        out.begin(
            "syncstreamer_frames_unchecked", .gauge,
            "Frames that the start has found and that are not checked against their digests yet.")
        out.sample(store.uncheckedFrames)
        out.begin(
            "syncstreamer_frames_damaged", .gauge, "Files of frames that the disk has damaged, found so far.")
        out.sample(store.damagedFiles)
    }

    private static func appendProcess(
        _ board: MetricsBoard, nowSeconds: UInt64, to out: inout MetricsText
    ) {
        out.begin(
            "syncstreamer_certificate_expiry_seconds", .gauge,
            "Until the first certificate of a kind expires, 0 when it has.")
        let ends: [(kind: StaticString, end: Int64)] = [
            ("server", board.certificateEnd), ("client-ca", board.authorityEnd),
        ]
        for (kind, end) in ends where end != .max {
            out.sample(UInt64(max(0, end - Int64(nowSeconds))), "kind", kind)
        }
        out.begin(
            "syncstreamer_access_log_lines_dropped_total", .counter,
            "Lines for which the access log had no room, or no disk.")
        out.sample(board.droppedAccessLines.load(ordering: .relaxed))
        out.begin("syncstreamer_build_info", .gauge, "1; its labels say what runs.")
        out.sample(
            1, "openssl", text: TLSLibrary.version, "version", BuildInfo.version, "swift", BuildInfo.swift)
        let usage = ProcessUsage.now()
        out.begin("process_cpu_seconds_total", .counter, "Processor time, user and system.")
        out.sample(microseconds: usage.cpuMicroseconds)
        out.begin("process_resident_memory_bytes", .gauge, "Resident memory, mapped frames included.")
        out.sample(usage.residentByteCount)
        out.begin("process_open_fds", .gauge, "Open descriptors.")
        out.sample(UInt64(usage.descriptorCount))
        out.begin("process_start_time_seconds", .gauge, "When the server started, since the UNIX epoch.")
        out.sample(board.startSeconds)
    }
}

/// What runs.
enum BuildInfo {
    /// The version of the program, as `--version` and the User-Agent say it.
    static var version: StaticString { "0.1.0" }

    /// The compiler's version, as far as the compiler itself tells.
    static var swift: StaticString {
        #if compiler(>=6.4)
            "6.4 or later"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }
}
