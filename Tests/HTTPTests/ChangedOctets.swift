// Changes made at random, which the tests of parsers share.
import SeededGenerator

extension SeededGenerator {
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
