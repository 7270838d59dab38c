// Shows what is read from texts of /proc, against samples of a Linux 6 machine with two cores, and what a
// reading makes of two of them.
import Testing

@testable import syncstreamer

@Suite struct ProcTests {
    private let stat = """
        cpu  69720 227 19871 1701271 2435 0 268 42 0 0
        cpu0 30224 73 8123 858138 237 0 53 17 0 0
        cpu1 39495 154 11747 843133 2197 0 214 25 0 0
        intr 940911 0 0 0 1 15 0
        ctxt 1234567
        btime 1795421000
        procs_running 3
        softirq 312 0 12
        """

    private func text(_ reading: Reading) -> String { String(decoding: reading.json, as: UTF8.self) }

    @Test func processorTimesAreBusyAndTotal() {
        let times = ProcessorTimes(stat).processors
        #expect(times.map(\.name) == ["cpu", "cpu0", "cpu1"])
        #expect(times[1].total == 30224 + 73 + 8123 + 858_138 + 237 + 53 + 17)
        #expect(times[1].busy == 30224 + 73 + 8123 + 53 + 17)
    }

    @Test func processorUseIsTheShareOfTheTimeBetween() {
        let later = stat.replacing("cpu0 30224 73 8123 858138", with: "cpu0 30227 73 8123 858145")
            .replacing("cpu1 39495 154 11747 843133", with: "cpu1 39505 154 11747 843133")
            .replacing("cpu  69720 227 19871 1701271", with: "cpu  69733 227 19871 1701278")
        var reading = Reading()
        ProcessorTimes(later).add(since: ProcessorTimes(stat), to: &reading)
        #expect(text(reading) == #"{"all_percent":65,"cpu0_percent":30,"cpu1_percent":100}"#)
    }

    /// The kernel's guess of the waiting time goes back at times, and a core may be added or taken away.
    @Test func processorTimesThatGoBackGiveNoneAndUnknownCoresAreLeftOut() {
        var reading = Reading()
        ProcessorTimes("cpu 10 0 0 90 5\ncpu0 10 0 0 90 5\ncpu7 1 1 1 1 1")
            .add(since: ProcessorTimes("cpu 10 0 0 90 9\ncpu0 10 0 0 80 9"), to: &reading)
        #expect(text(reading) == #"{"all_percent":0,"cpu0_percent":0}"#)
    }

    @Test func memoryIsInOctets() {
        var reading = Reading()
        MemoryUse(
            """
            MemTotal:       24684092 kB
            MemFree:        20560248 kB
            MemAvailable:   23579028 kB
            Cached:          3020892 kB
            Dirty:             23928 kB
            SwapTotal:             0 kB
            SwapFree:              0 kB
            HugePages_Total:       0
            """
        ).add(to: &reading)
        #expect(
            text(reading)
                == #"{"total_octets":25276510208,"available_octets":24144924672,"free_octets":21053693952,"#
                + #""cached_octets":3093393408,"dirty_octets":24502272,"swap_total_octets":0,"#
                + #""swap_free_octets":0}"#
        )
    }

    private let network = """
        Inter-|   Receive                                                |  Transmit
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
            lo:    6325     137    0    0    0     0          0         0     6325     137    0    0
          eth0:90922358    1855    0    0    0     0          0         0   108925    1085    0    0
        """

    @Test func networkCountersHaveTheInterfacesName() {
        let counters = Counters.network(network).counters
        #expect(
            counters.map(\.name)
                == ["lo_received_octets", "lo_sent_octets", "eth0_received_octets", "eth0_sent_octets"])
        #expect(counters.map(\.value) == [6325, 6325, 90_922_358, 108_925])
    }

    @Test func growthIsPerSecondAndAResetIsLeftOut() {
        let later = network.replacing("90922358", with: "90923358").replacing("108925", with: "5")
        var reading = Reading()
        Counters.network(later).add(since: Counters.network(network), milliseconds: 100, to: &reading)
        #expect(
            text(reading) == #"{"lo_received_octets_per_second":0,"lo_sent_octets_per_second":0,"#
                + #""eth0_received_octets_per_second":10000}"#)
        var none = Reading()
        Counters.network(later).add(since: Counters.network(network), milliseconds: 0, to: &none)
        #expect(none.isEmpty)
    }

    @Test func disksAreWholeAndUsed() {
        let counters = Counters.disks(
            """
               7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
             254       0 vda 270474 45482 26062594 248094 74440 54340 4630720 20885 0 48636 272046 0 0 0 0
             254       1 vda1 270400 45482 26062000 248094 74440 54340 4630720 20885 0 48636 272046 0 0 0 0
             259       0 nvme0n1 10 0 80 1 2 0 16 1 0 1 1 0 0 0 0
             259       1 nvme0n1p1 10 0 80 1 2 0 16 1 0 1 1 0 0 0 0
             259       2 nvme0n2 1 0 8 1 0 0 0 0 0 1 1 0 0 0 0
            """
        ).counters
        #expect(
            counters.map(\.name) == [
                "vda_read_octets", "vda_written_octets", "nvme0n1_read_octets", "nvme0n1_written_octets",
                "nvme0n2_read_octets", "nvme0n2_written_octets",
            ])
        #expect(counters[0].value == 26_062_594 * 512)
        #expect(counters[1].value == 4_630_720 * 512)
    }

    @Test func pressureIsTheShareOfTheTimeBetween() throws {
        let then = try #require(
            Pressure(
                """
                some avg10=71.22 avg60=21.42 avg300=9.96 total=128042343
                full avg10=0.00 avg60=0.00 avg300=0.00 total=0
                """))
        let now = try #require(
            Pressure("some avg10=0 avg60=0 avg300=0 total=128067343\nfull avg10=0 total=1000"))
        var reading = Reading()
        now.add("cpu", since: then, milliseconds: 100, to: &reading)
        #expect(text(reading) == #"{"cpu_some_percent":25,"cpu_full_percent":1}"#)
        #expect(Pressure("full total=3") == nil)
        #expect(Pressure("some total=3")?.full == nil)
    }

    @Test func loadIsInTasks() throws {
        var reading = Reading()
        try #require(LoadAverage("0.50 12.05 3.00 3/234 56789\n")).add(to: &reading)
        #expect(
            text(reading) == #"{"load_1min_tasks":0.5,"load_5min_tasks":12.05,"load_15min_tasks":3,"#
                + #""runnable_tasks":3,"all_tasks":234}"#)
    }

    @Test(arguments: ["", "0.50 0.40", "a b c d/e", "0.5 0.4 0.3 1", "1.2.3 0 0 1/2"])
    func anythingElseIsNoLoad(text: String) {
        #expect(LoadAverage(text) == nil)
    }

    /// What a text is cut to, or a kernel adds, must never end the demo.
    @Test func noPartOfASampleTraps() {
        for sample in [
            stat, network, "   8 0 sda 1 2 3 4 5 6 7 8 9 10 11", "some total=1\nfull", "MemTotal: 1 kB",
        ] {
            for count in 0...sample.count {
                let part = String(sample.prefix(count))
                _ = ProcessorTimes(part)
                _ = MemoryUse(part)
                _ = Counters.network(part)
                _ = Counters.disks(part)
                _ = Pressure(part)
                _ = LoadAverage(part)
            }
        }
    }

    @Test func anEmptyReadingIsAnObject() {
        #expect(text(Reading()) == "{}")
    }
}
