// Uploads with keys store nothing twice, however often and whenever they are tried again.
import Bytes
import SimulatedStorage
import Testing

@testable import FrameLog

extension Story {
    static let keys =
        [
            aClaimSaysWhatIsStored, aLaterClaimEndsTheEarlierOne, keysAreTheirOwn, anEndIsKnown,
            filesOfKeysAreRemovedInTheirTime, manyClientsTryAgain,
        ]
        + [(0, 0), (0, 300), (500, 0), (500, 300), (5_000, 300)].map {
            restartsForgetNothing(pause: $0, lateness: $1)
        }

    private static let aClaimSaysWhatIsStored = Story("a claim says what is stored", uploads: [[1, 2, 3]]) {
        rig in
        try rig.open()
        let client = KeyedClient([1, 2, 3])
        client.begin(rig)
        rig.expect(client.claim?.progress, UploadProgress())
        rig.expect(client.send(rig, to: 2).count, 2)
        client.begin(rig)
        rig.expect(client.claim?.progress.through, 2)
        rig.expect(client.claim?.progress.storedCount, 2)
        rig.expect(client.claim?.progress.lastFrame, 1_000_000)
        client.send(rig)
        client.begin(rig)
        rig.expect(client.send(rig), [])
    }

    /// The connection of the first try may still be there, with items on their way.
    private static let aLaterClaimEndsTheEarlierOne = Story(
        "a later claim ends the earlier one", uploads: [[1, 2]]
    ) { rig in
        try rig.open()
        let first = KeyedClient([1, 2])
        first.begin(rig)
        let second = KeyedClient([1, 2])
        second.begin(rig)
        rig.expect(first.send(rig), [.superseded, .superseded])
        second.send(rig)
    }

    private static let keysAreTheirOwn = Story("keys are their own", uploads: [[1, 2], [3, 4]]) { rig in
        try rig.open()
        let clients = [KeyedClient([1, 2], key: 1), KeyedClient([3, 4], key: 2)]
        for client in clients { client.begin(rig) }
        for client in clients { client.send(rig) }
        for client in clients {
            client.begin(rig)
            rig.expect(client.claim?.progress.through, 2)
        }
    }

    private static let anEndIsKnown = Story("an upload's end is known", uploads: [[1, 2]]) { rig in
        try rig.open()
        let client = KeyedClient([1, 2])
        client.begin(rig)
        client.send(rig)
        rig.expect(client.end(rig), [.ended])
        client.begin(rig)
        let end = UploadEnd(itemCount: 2, digest: KeyedClient.endDigest)
        rig.expect(client.claim?.progress.end, end)
        // With the next window it comes to the disk.
        rig.pass(milliseconds: 2_000)
        rig.disk.restart()
        try rig.open()
        client.begin(rig)
        rig.expect(client.claim?.progress.end, end)
    }

    private static let filesOfKeysAreRemovedInTheirTime = Story("files of keys are removed in their time") {
        rig in
        rig.retention.framesMax = 5
        rig.settings.skipsEmptyFrames = true
        try rig.open()
        for number in 0..<6 {
            let client = KeyedClient([number], key: UInt64(number))
            client.begin(rig)
            client.send(rig)
            rig.pass(milliseconds: 1_000)
        }
        rig.expect(rig.disk.names(in: "data/keys").count, 6)
        rig.now += KeyTable.keptMilliseconds + 5_000
        rig.post([100])
        rig.pass(milliseconds: 1_000)
        rig.expect(rig.disk.names(in: "data/keys").count, 0)
    }

    /// Restarts with and without the window's seal in between, and with so much else that its segment is
    /// gone.
    private static func restartsForgetNothing(pause: UInt64, lateness: UInt64) -> Story {
        Story(
            "restarts forget nothing, \(pause) ms later, with a lateness of \(lateness) ms",
            uploads: [[1, 2, 3, 4]]
        ) { rig in
            rig.settings.latenessMilliseconds = lateness
            try rig.open()
            let client = KeyedClient([1, 2, 3, 4])
            client.begin(rig)
            client.send(rig, to: 2)
            rig.pass(milliseconds: pause)
            if pause > 1_000 {
                for number in 100..<108 {
                    rig.post([number], padding: 3_000)
                    rig.pass(milliseconds: 1_000)
                }
                rig.expect(rig.disk.names(in: "data/log").contains("00000001.segment"), false)
            }
            rig.disk.restart()
            try rig.open()
            client.begin(rig)
            rig.expect(client.claim?.progress.through, 2)
            client.send(rig, to: 3)
            rig.disk.restart()
            try rig.open()
            client.begin(rig)
            rig.expect(client.claim?.progress.through, 3)
            rig.expect(client.claim?.progress.storedCount, 3)
            client.send(rig)
        }
    }

    private static let manyClientsTryAgain = Story("many clients try again", uploads: manyUploads) { rig in
        rig.settings.segmentByteCount = 12 << 10
        try rig.open()
        for (turn, numbers) in manyUploads.enumerated() {
            let client = KeyedClient(numbers, key: UInt64(turn) + 1)
            client.begin(rig)
            client.send(rig, to: 3)
            rig.post([1000 + turn], padding: 3_000)
            rig.pass(milliseconds: 700)
            client.begin(rig)
            client.send(rig)
        }
    }

    private static let manyUploads = (0..<6).map { Array($0 * 10..<$0 * 10 + 6) }
}
