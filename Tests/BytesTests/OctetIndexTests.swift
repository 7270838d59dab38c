// Shows that keys are found by their octets and by nothing else, through growth, and that the cost of a key
// doesn't grow with the number of keys: the caller is asked about hardly any key but the one that is sought.
import Bytes
import Testing

@Suite struct OctetIndexTests {
    @Test func findsWhatWasInserted() {
        let keys = (0..<1000).map { Array("channel/\($0)".utf8) }
        var index = OctetIndex()
        for (position, key) in keys.enumerated() {
            #expect(index.position(of: key.span) { keys[$0] == key } == nil)
            #expect(index.insert(key.span, at: position) { keys[$0] == key } == nil)
        }
        #expect(index.count == 1000)
        for (position, key) in keys.enumerated() {
            #expect(index.position(of: key.span) { keys[$0] == key } == position)
            #expect(index.insert(key.span, at: 5000) { keys[$0] == key } == position)
        }
        #expect(index.count == 1000)
    }

    /// Canonically equivalent text ("é" in one scalar and in two), a prefix, the empty key and a zero are
    /// keys of their own.
    @Test func comparesOctets() {
        let keys: [[UInt8]] = [
            Array("\u{E9}".utf8), Array("e\u{301}".utf8), Array("e".utf8), [], [0], [0, 0],
        ]
        var index = OctetIndex()
        for (position, key) in keys.enumerated() {
            #expect(index.insert(key.span, at: position) { keys[$0] == key } == nil)
        }
        for (position, key) in keys.enumerated() {
            #expect(index.position(of: key.span) { keys[$0] == key } == position)
        }
    }

    @Test func asksAboutFewWrongKeys() {
        let count = 100_000
        let keys = (0..<count).map { Array("channel/\($0)".utf8) }
        var index = OctetIndex()
        var asked = 0
        for (position, key) in keys.enumerated() {
            let known = index.insert(key.span, at: position) { other in
                asked += 1
                return keys[other] == key
            }
            #expect(known == nil)
        }
        // Two of 100,000 keys share all 32 bits of hash about once; a scan would ask 5,000,000,000 times.
        #expect(asked < 100)
    }

    @Test func forgetsAll() {
        var index = OctetIndex()
        #expect(index.insert([1].span, at: 0) { _ in true } == nil)
        index.removeAll()
        #expect(index.count == 0)
        #expect(index.position(of: [1].span) { _ in true } == nil)
        #expect(index.insert([1].span, at: 7) { _ in true } == nil)
        #expect(index.position(of: [1].span) { _ in true } == 7)
    }
}
