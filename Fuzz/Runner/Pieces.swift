import Bytes

/// Where an input is cut: its first two octets say it, and the rest is what is cut.
///
/// The first is the longest piece, 0 for one of 256 octets; the second varies the lengths up to it.
struct Pieces: ~Escapable {
    /// What is to be cut.
    let content: Span<UInt8>
    private let lengthMax: Int
    private var state: UInt8
    private(set) var end = 0

    /// Nil where the input is too short to say anything.
    @_lifetime(copy input)
    init?(_ input: Span<UInt8>) {
        if input.count < 2 { return nil }
        lengthMax = input[0] == 0 ? 256 : Int(input[0])
        state = input[1]
        content = input.extracting(droppingFirst: 2)
    }

    /// Goes on to the next piece, whose end `end` then is; false behind the last.
    mutating func next() -> Bool {
        if end == content.count { return false }
        // An LCG of full period, so that every octet gives 256 lengths before they repeat.
        state = state &* 5 &+ 3
        end = min(content.count, end + 1 + (Int(state) ^ Int(state) >> 3) % lengthMax)
        return true
    }
}

/// Ends the run with a crash that says what was expected.
func require(_ condition: @autoclosure () -> Bool, _ expectation: StaticString) {
    if !condition() { fatalError("\(expectation)") }
}
