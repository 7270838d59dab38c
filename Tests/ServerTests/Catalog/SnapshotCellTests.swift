// Publishing values to loops: what a loop holds stays until it looks, and looking gives the newest.

import Testing

@testable import Server

@Suite struct SnapshotCellTests {
    @Test func aLoopHoldsWhatItSaw() {
        let cell = SnapshotCell("one")
        var snapshot = cell.current()
        #expect(snapshot.value == "one")
        #expect(!cell.refresh(&snapshot))
        cell.publish("two")
        #expect(snapshot.value == "one")
        cell.publish("three")
        #expect(cell.refresh(&snapshot))
        #expect(snapshot.value == "three")
        #expect(!cell.refresh(&snapshot))
    }

    /// One publishes, several look: each sees values in their order, and the last one in the end.
    @Test func manyThreads() async {
        let cell = SnapshotCell(0)
        let last = 20_000
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    var snapshot = cell.current()
                    var isOrdered = true
                    while snapshot.value < last {
                        let before = snapshot.value
                        if cell.refresh(&snapshot) && snapshot.value < before { isOrdered = false }
                        await Task.yield()
                    }
                    return isOrdered
                }
            }
            group.addTask {
                for value in 1...last { cell.publish(value) }
                return true
            }
            for await isOrdered in group { #expect(isOrdered) }
        }
    }
}
