// The parts that every request or every item goes through, each alone: the time it takes, and where octets
// are what matters, how many a second.
import Benchmark
import Bytes
import HTTP
import TimeFrame

@testable import FrameLog

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .instructions], scalingFactor: .kilo, maxDuration: .seconds(2),
        maxIterations: .max)
    requestHeads()
    checksums()
    jsonTexts()
    timeFrames()
    assembly()
}

/// Measures how many megabytes `body` goes through a second, where a call of it takes `byteCount` octets.
func throughput(_ name: String, byteCount: Int, _ body: @escaping () -> Void) {
    let metric = BenchmarkMetric.custom("MB/s", polarity: .prefersLarger, useScalingFactor: false)
    let calls = max(1, 1_000_000 / byteCount)
    var configuration = Benchmark.defaultConfiguration
    configuration.metrics = [metric]
    configuration.scalingFactor = .one
    Benchmark(name, configuration: configuration) { benchmark in
        let clock = ContinuousClock()
        let taken = clock.measure { for _ in 0..<calls { body() } }
        let octetsASecond = Double(calls * byteCount) / (taken / .seconds(1))
        benchmark.measurement(metric, Int(octetsASecond / 1_000_000))
    }
}

/// What a browser sends, and what a device does.
private func requestHeads() {
    let browser = """
        GET /1732310400000 HTTP/1.1\r
        Host: stream.example.org\r
        User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r
        Accept: */*\r
        Accept-Language: en-US,en;q=0.5\r
        Accept-Encoding: gzip, deflate, br, zstd\r
        Referer: https://stream.example.org/\r
        Connection: keep-alive\r
        Sec-Fetch-Dest: empty\r
        Sec-Fetch-Mode: cors\r
        Sec-Fetch-Site: same-origin\r
        If-None-Match: "9f86d081884c7d659a2feaa0c55ad015"\r
        \r

        """
    let device = """
        POST /channel/kitchen%2Ftemperature HTTP/1.1\r
        Host: stream.example.org\r
        Authorization: Bearer 0123456789abcdef0123456789abcdef\r
        Content-Type: application/json\r
        Content-Length: 100\r
        \r

        """
    for (name, text) in [("a browser's GET", browser), ("a device's POST", device)] {
        let octets = Array(text.utf8)
        Benchmark("head: \(name), \(octets.count) octets") { benchmark in
            var scanner = HeadScanner(limits: RequestLimits())
            var head = RequestHead()
            for _ in benchmark.scaledIterations {
                scanner.reset()
                guard case .complete(octets.count) = scanner.scan(octets.span) else {
                    fatalError("a whole head")
                }
                do throws(RequestFault) {
                    try head.parse(octets.span)
                } catch {
                    fatalError("a sound head: \(error)")
                }
                blackHole(head.path)
            }
        }
    }
}

private func checksums() {
    for byteCount in [128, 64 * 1024] {
        let octets = [UInt8](repeating: 0x5A, count: byteCount)
        throughput("CRC-32C of \(byteCount) octets", byteCount: byteCount) {
            blackHole(CRC32C.checksum(octets.span))
        }
    }
}

/// Compact, as programs write it: an item of a sensor, many of them in one text, one long string.
private func jsonTexts() {
    let item =
        #"{"celsius":21.5,"humidity":40,"at":1732310400123,"room":"kitchen","ok":true,"tags":["a","b"],"#
        + #""note":"window open","battery":{"volts":3.71,"percent":82,"charging":false}}"#
    let many = "[" + Array(repeating: item, count: 400).joined(separator: ",") + "]"
    let long = "\"" + String(repeating: "abcdefgh ijklmn op", count: 4_000) + "\""
    for (name, text) in [("an item", item), ("an array of items", many), ("a long string", long)] {
        let octets = Array(text.utf8)
        throughput("JSON: \(name), \(octets.count) octets", byteCount: octets.count) {
            precondition(JSONValidator.fault(in: octets.span) == nil, "it is JSON")
        }
    }
}

/// Frames of a thousand items of 100 octets in ten channels.
private func timeFrames() {
    let item = FrameContent.Item(timestamp: 1_732_310_400_123, data: [UInt8](repeating: 0x61, count: 100))
    let content = FrameContent(
        startTimestamp: 1_732_310_400_000, endTimestamp: 1_732_310_410_000,
        channels: (0..<10).map { number in
            FrameContent.Channel(
                id: "sensor \(number)", type: "application/json", items: Array(repeating: item, count: 100))
        })
    guard let octets = try? content.encode() else { fatalError("content that can be encoded") }
    throughput("frame: encoding 1,000 items", byteCount: octets.count) {
        var sink = CountingSink()
        do {
            try content.encode(into: &sink)
        } catch {
            fatalError("content that can be encoded: \(error)")
        }
        blackHole(sink.byteCount)
    }
    throughput("frame: checking and reading 1,000 items", byteCount: octets.count) {
        do throws(FrameError) {
            let reader = try FrameReader(octets.span)
            var byteCount = 0
            for index in 0..<reader.channelCount {
                var items = reader.channel(at: index).items
                while let item = items.next() { byteCount += item.data.count }
            }
            blackHole(byteCount)
        } catch {
            fatalError("a sound frame: \(error)")
        }
    }
}

/// Takes what an encoder writes, and keeps only its length.
private struct CountingSink: FrameSink {
    var byteCount = 0

    mutating func write(_ octets: Span<UInt8>) { byteCount += octets.count }
}

/// What the assembler does for an item, and for a window's end.
private func assembly() {
    for channelCount in [1, 100] {
        let names = (0..<channelCount).map { Array("sensor \($0)".utf8) }
        let type = Array("application/json".utf8)
        Benchmark("assembler: an item, \(channelCount) channels") { benchmark in
            var assembler = Assembler()
            assembler.resume(from: 0, duration: 10_000)
            for number in benchmark.scaledIterations {
                let name = names[number % channelCount]
                let admission = assembler.admit(
                    id: name.span, type: type.span, timestamp: 5_000, channelsMax: 1_000, itemsMax: .max)
                guard case .slot(let slot) = admission else { fatalError("it fits") }
                assembler.apply(
                    slot, position: LogPosition(segment: 1, offset: UInt32(number)), byteCount: 140,
                    payloadByteCount: 100)
            }
            let window = assembler.seal(start: 0, end: 10_000)
            blackHole(window.references.orderedByChannel(itemCounts: window.channels.map(\.itemCount)))
        }
    }
}
