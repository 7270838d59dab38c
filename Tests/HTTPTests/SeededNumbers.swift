// What the random tests share: numbers that are the same for the same seed on every machine, and changes made
// with them.

/// SplitMix64.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// `octets` with up to four octets replaced by one of `alphabet`, inserted, removed, or repeated.
    mutating func changed(_ octets: [UInt8], alphabet: [UInt8]) -> [UInt8] {
        var changed = octets
        for _ in 0..<Int.random(in: 1...4, using: &self) {
            let place = Int.random(in: 0...changed.count, using: &self)
            switch Int.random(in: 0..<4, using: &self) {
            case 0: changed.insert(alphabet.randomElement(using: &self)!, at: place)
            case 1 where place < changed.count: changed[place] = alphabet.randomElement(using: &self)!
            case 2 where place < changed.count: changed.remove(at: place)
            case 3 where place < changed.count:
                let end = min(changed.count, place + Int.random(in: 1...8, using: &self))
                changed.insert(contentsOf: changed[place..<end], at: end)
            default: break
            }
        }
        return changed
    }
}
