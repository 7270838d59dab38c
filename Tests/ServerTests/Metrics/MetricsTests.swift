// What is counted, and how it is written.

import Bytes
import FrameLog
import HTTP2
import Testing

@testable import Server
@testable import TLS

@Suite struct MetricsTests {
    @Test func aBoundIsInItsBucket() {
        var histogram = Histogram()
        for duration in [0, 100, 101, 250, 10_000_000, 10_000_001] as [UInt64] {
            histogram.observe(microseconds: duration)
        }
        #expect(histogram.counts[0] == 2)
        #expect(histogram.counts[1] == 2)
        #expect(histogram.counts[15] == 1)
        #expect(histogram.counts[16] == 1)
        #expect(histogram.sumMicroseconds == 20_000_452)
    }

    @Test func requestsAreToldApart() {
        var metrics = RequestMetrics()
        metrics.count(.frame, isHTTP2: true, status: 200, microseconds: 5)
        metrics.count(.frame, isHTTP2: true, status: 200, microseconds: 5)
        metrics.count(.frame, isHTTP2: false, status: 304, microseconds: 5)
        // One that no route sends.
        metrics.count(.malformed, isHTTP2: false, status: 599, microseconds: 5)
        var other = RequestMetrics()
        other.count(.frame, isHTTP2: false, status: 304, microseconds: 5)
        metrics.add(other)
        var counts: [String: UInt64] = [:]
        metrics.visit { route, isHTTP2, status, count in counts["\(route) \(isHTTP2) \(status)"] = count }
        #expect(counts == ["frame true 200": 2, "frame false 304": 2, "malformed false 0": 1])
    }

    @Test func theFormOfPrometheus() {
        var out = MetricsText()
        out.begin("a_total", .counter, "What it is.")
        out.sample(1)
        out.sample(2, "b", "c", "d", "e")
        out.sample(3, code: 404, "b", "c")
        out.sample(4, code: 0)
        out.begin("b_seconds", .gauge, "Seconds.")
        for duration in [0, 1, 1_500_000, 2_000_000] as [UInt64] { out.sample(microseconds: duration) }
        #expect(
            out.text.octets.utf8Text() == """
                # HELP a_total What it is.
                # TYPE a_total counter
                a_total 1
                a_total{b="c",d="e"} 2
                a_total{code="404",b="c"} 3
                a_total{code="other"} 4
                # HELP b_seconds Seconds.
                # TYPE b_seconds gauge
                b_seconds 0
                b_seconds 0.000001
                b_seconds 1.5
                b_seconds 2

                """)
    }

    @Test func aHistogramIsCumulative() {
        var histogram = Histogram()
        for duration in [50, 200, 20_000_000] as [UInt64] { histogram.observe(microseconds: duration) }
        var out = MetricsText()
        out.begin("a_seconds", .histogram, "Seconds.")
        out.samples(of: histogram, "b", "c")
        let text = out.text.octets.utf8Text() ?? ""
        #expect(text.contains("a_seconds_bucket{b=\"c\",le=\"0.0001\"} 1\n"))
        #expect(text.contains("a_seconds_bucket{b=\"c\",le=\"0.00025\"} 2\n"))
        #expect(text.contains("a_seconds_bucket{b=\"c\",le=\"10\"} 2\n"))
        #expect(text.contains("a_seconds_bucket{b=\"c\",le=\"+Inf\"} 3\n"))
        #expect(text.contains("a_seconds_sum{b=\"c\"} 20.00025\n"))
        #expect(text.contains("a_seconds_count{b=\"c\"} 3\n"))
    }

    /// Every status that a problem has is told apart.
    @Test func noProblemIsOther() {
        for status in [
            400, 401, 403, 404, 405, 408, 409, 410, 412, 413, 414, 415, 416, 417, 422, 431, 500, 501, 503,
            505, 507,
        ] {
            #expect(RequestMetrics.statuses.contains(UInt16(status)))
        }
    }

    @Test func aFailedHandshakeHasAReason() {
        let alerts: [(UInt8?, HandshakeFailure)] = [
            (nil, .client), (70, .version), (40, .parameters), (120, .parameters), (42, .certificate),
            (48, .certificate), (116, .certificate), (10, .malformed), (50, .malformed), (80, .malformed),
        ]
        for (alert, reason) in alerts {
            #expect(HandshakeFailure(TLSFailure(cause: "x", alertSent: alert)) == reason)
        }
    }

    @Test func anUploadThatEndsWithinAnItemHasLostIt() {
        let refusal = RateRefusal(policy: .secretItems, quota: 1, retryAfterSeconds: 1)
        let endings: [(UploadEnding, ItemRejection?, ItemRejection?)] = [
            (.complete, nil, nil), (.tooLarge, nil, nil), (.draining, nil, nil),
            (.rateLimited(refusal), .rateLimited, .rateLimited), (.memoryFull, .memoryFull, .memoryFull),
            (.corruptGzip, .brokenGzip, .brokenGzip), (.tooDense, .tooDense, .tooDense),
            (.tornRecord, .torn, .torn), (.cutOff, .torn, nil), (.timedOut, .timedOut, nil),
        ]
        for (ending, within, between) in endings {
            #expect(ItemRejection(ending, isWithin: true) == within)
            #expect(ItemRejection(ending, isWithin: false) == between)
        }
    }

    @Test func whatEndsFirstCounts() {
        let board = MetricsBoard(loopCount: 0)
        board.note(certificateEnds: [300, 200], authorityEnds: [])
        func text() -> String {
            var text: [UInt8] = []
            MetricsReport.fill(from: board, nowSeconds: 150, into: &text)
            return String(decoding: text, as: UTF8.self)
        }
        let name = "syncstreamer_certificate_expiry_seconds"
        #expect(text().contains("\n\(name){kind=\"server\"} 50\n"))
        #expect(!text().contains("client-ca"))
        board.note(certificateEnds: [300, 200], authorityEnds: [900, 160, 400])
        #expect(text().contains("\n\(name){kind=\"client-ca\"} 10\n"))
        board.note(certificateEnds: [300, 200], authorityEnds: [100])
        #expect(text().contains("\n\(name){kind=\"client-ca\"} 0\n"))
    }

    @Test func loopsAddUp() {
        let board = MetricsBoard(loopCount: 2)
        var metrics = LoopMetrics()
        metrics.sentByteCount = 5
        metrics.count(.rate(.secretOctets))
        metrics.count(.wrongSecret)
        metrics.count(.item(.tooLarge))
        metrics.count(HandshakeFailure.client)
        metrics.http2.count(.stream(code: 7))
        metrics.http2.count(.connection(code: 0xFFFF_FFFF))
        metrics.http2.count(.continuations)
        metrics.http2.countFailure()
        metrics.refusedUploads[Int(UploadRefusal.memoryFull.rawValue)] = 3
        metrics.countHandshake(isTLS13: true, wasResumed: true)
        metrics.count(.accepted(frame: 1), byteCount: 7)
        metrics.count(.late(oldestOpen: 1), byteCount: 7)
        board.publish(metrics, of: 0)
        board.publish(metrics, of: 1)
        board.publish(metrics, of: 1)
        let total = board.total
        #expect(total.sentByteCount == 10)
        #expect(total.handshakes[3] == 2)
        #expect(total.rateRefusals[Int(RatePolicy.secretOctets.rawValue)] == 2)
        #expect(total.wrongSecrets == 2)
        #expect(total.rejectedItems[Int(ItemRejection.tooLarge.rawValue)] == 2)
        #expect(total.failedHandshakes[Int(HandshakeFailure.client.rawValue)] == 2)
        #expect(total.refusedUploads[Int(UploadRefusal.memoryFull.rawValue)] == 6)
        #expect(total.http2.resets[Int(HTTP2Reason.refusedStream.rawValue)] == 2)
        #expect(total.http2.goodbyes[Int(HTTP2Reason.other.rawValue)] == 2)
        #expect(total.http2.sentAwayForContinuations == 2 && total.http2.sentAwayForFrames == 0)
        #expect(total.http2.failures == 2)
        #expect(total.acceptedItems == 2 && total.acceptedItemByteCount == 14)
        #expect(total.rejectedItems[Int(ItemRejection.late.rawValue)] == 2)
    }
}
