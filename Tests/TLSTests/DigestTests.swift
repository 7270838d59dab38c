// SHA-256 against the vectors of FIPS 180-4's examples, whole and in pieces; secret comparison; random
// octets.
import Bytes
import Testing

@testable import TLS

struct DigestTests {
    private static let vectors = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ]

    @Test(arguments: vectors)
    func knownDigests(message: String, digest: String) {
        let octets = Array(message.utf8)
        #expect(Hex.text(SHA256.digest(of: octets.span).span) == digest)
        // One context, used again for every cut.
        let streaming = SHA256()
        for cut in 0...octets.count {
            streaming.update(octets.span.extracting(0..<cut))
            streaming.update(octets.span.extracting(cut..<octets.count))
            #expect(Hex.text(streaming.finish().span) == digest)
        }
    }

    @Test func comparisonLooksAtEveryOctet() {
        let secret = Random.octets(32)
        #expect(ConstantTime.equal(secret.span, secret.span) == true)
        for index in secret.indices {
            var other = secret
            other[index] ^= 0x80
            #expect(ConstantTime.equal(secret.span, other.span) == false)
        }
        #expect(ConstantTime.equal(secret.span, secret.span.extracting(0..<31)) == false)
        #expect(ConstantTime.equal(secret.span.extracting(0..<0), secret.span.extracting(0..<0)) == true)
    }

    @Test func randomOctetsDiffer() {
        #expect(Random.octets(0).isEmpty)
        #expect(Random.octets(33).count == 33)
        // Equal by chance once in 2^128.
        #expect(Random.octets(16) != Random.octets(16))
    }
}
