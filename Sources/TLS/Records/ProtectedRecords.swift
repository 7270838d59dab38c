import Bytes

/// The records of TLS 1.3 once the handshake is complete, in both directions: application data, alerts and
/// key updates (RFC 8446 sections 4.6.3, 5 and 6). Nothing else may follow a handshake that asks for no
/// certificate later.
///
/// OpenSSL has made the handshake, and is gone. It would copy what it sends twice, and hold four times the
/// memory that stands here.
struct ProtectedRecords: ~Copyable {
    /// How a call ended that found no fault.
    enum End {
        /// All octets are worked off, or kept here as the beginning of a record.
        case usedUp
        /// More is at hand than there is room for.
        case full
        case closedByPeer
    }

    /// What a peer may still ask for.
    struct Permits {
        /// Of work that brings nothing of use, see `PeerAllowance`.
        var stepsLeft: Int
        /// Whether anything may still be sent.
        let mayReply: Bool
    }

    /// The most content a record holds (RFC 8446 section 5.1).
    static let contentByteCountMax = 16_384
    /// The most that encryption and padding may add to it (RFC 8446 section 5.2).
    private static let expansionByteCountMax = 256
    /// Empty records in a row, which cost their decryption and bring nothing. OpenSSL takes as many.
    private static let emptyRecordCountMax = 32
    /// Records under one key, of which 2^24.5 are safe with AES-GCM (RFC 8446 section 5.5).
    static let recordCountMax: UInt64 = 1 << 24
    /// From so many on a session whose sending was handed over is to begin nothing new. What is under way has
    /// the rest, some gibibytes.
    static let wornRecordCount = recordCountMax - (1 << 20)

    /// What seals: the key, and the secret that it and those after it come from.
    private struct Sender: ~Copyable {
        var secret: TrafficSecret
        var cipher: RecordCipher
    }

    private let suite: CipherSuite
    private var receivingSecret: TrafficSecret
    private var opener: RecordCipher
    /// Nil, and its key forgotten, once sending was handed over: no two may seal with one key.
    private var sender: Sender?
    /// No more records than so many have been sealed with the key that was handed over.
    private var recordsElsewhere: UInt64 = 0
    /// The beginning of a record of which more is to come; no memory otherwise.
    private var beginning = Buffer()
    /// What was decrypted and found no room; no memory otherwise.
    private var surplus = Buffer()
    private var update = KeyUpdate()
    private var emptyRecordCount = 0

    /// - Parameter recordsSent: how many records went out under the sending secret's keys already.
    init(
        _ suite: CipherSuite, receiving: consuming TrafficSecret, sending: consuming TrafficSecret,
        recordsSent: UInt64
    ) {
        self.suite = suite
        opener = RecordCipher(suite, receiving, for: .opening)
        let sealer = RecordCipher(suite, sending, for: .sealing, recordNumber: recordsSent)
        receivingSecret = receiving
        sender = Sender(secret: sending, cipher: sealer)
    }

    /// Whether decrypted octets wait for room.
    var hasSurplus: Bool { !surplus.isEmpty }

    /// Decrypts until the ciphertext is used up or there is no room.
    ///
    /// - Parameters:
    ///   - plaintextMax: octets, with what `plaintext` holds already.
    ///   - replies: an answer to a key update is appended.
    mutating func receive(
        _ ciphertext: inout Buffer, into plaintext: inout Buffer, plaintextMax: Int, replies: inout Buffer,
        _ permits: inout Permits
    ) throws(RecordFault) -> End {
        if recordsElsewhere >= Self.recordCountMax && permits.mayReply {
            throw RecordFault("as many records as a key may seal, and none can follow it", .closeNotify)
        }
        while true {
            deliverSurplus(into: &plaintext, room: plaintextMax - plaintext.count)
            if hasSurplus { return .full }
            if ciphertext.isEmpty { return .usedUp }
            let room = plaintextMax - plaintext.count
            if room <= 0 { return .full }
            let isEnd: Bool
            if beginning.isEmpty, let count = try Self.recordByteCount(ciphertext.octets),
                count <= ciphertext.count
            {
                isEnd = try take(
                    ciphertext.octets.extracting(0..<count), into: &plaintext, room: room, replies: &replies,
                    &permits)
                ciphertext.consume(count)
            } else {
                guard try gather(from: &ciphertext) else { return .usedUp }
                var record = Buffer()
                swap(&record, &beginning)
                isEnd = try take(record.octets, into: &plaintext, room: room, replies: &replies, &permits)
            }
            if isEnd { return .closedByPeer }
        }
    }

    /// Appends content, of which there must be some, as records: full ones, then the rest.
    mutating func seal(
        _ content: Span<UInt8>, as type: ContentType = .applicationData, into output: inout Buffer
    ) throws(RecordFault) {
        precondition(!content.isEmpty, "a record without content says nothing")
        if isHandedOver {
            precondition(type == .applicationData, "alerts are said by whoever makes the records")
            output.append(copying: content)
            countElsewhere(content.count)
            return
        }
        let recordCount = (content.count + Self.contentByteCountMax - 1) / Self.contentByteCountMax
        output.reserve(content.count + recordCount * RecordCipher.overheadByteCount)
        var start = 0
        while start < content.count {
            let end = min(content.count, start + Self.contentByteCountMax)
            if sender!.cipher.recordNumber >= Self.recordCountMax { try updateSendingKey(into: &output) }
            let piece = content.extracting(start..<end)
            if !sender!.cipher.seal(piece, as: type.rawValue, into: &output) { throw .ofOpenSSL() }
            start = end
        }
    }

    /// Appends an alert.
    mutating func seal(_ alert: Alert, into output: inout Buffer) throws(RecordFault) {
        try seal(alert.octets.span, as: .alert, into: &output)
    }
}

// MARK: From octets to records

extension ProtectedRecords {
    /// The size of the record that octets begin with; nil where they are too few to tell.
    private static func recordByteCount(_ octets: Span<UInt8>) throws(RecordFault) -> Int? {
        guard octets.count >= RecordCipher.headerByteCount else { return nil }
        // The version in the header says nothing (RFC 8446 section 5.1).
        guard octets[0] == ContentType.applicationData.rawValue else {
            throw RecordFault("a record that is not encrypted", .unexpectedMessage)
        }
        let count = Int(octets.bigEndian(at: 3, as: UInt16.self))
        guard count <= contentByteCountMax + expansionByteCountMax else {
            throw RecordFault("a record that is too long", .recordOverflow)
        }
        guard count >= RecordCipher.typeByteCount + RecordCipher.tagByteCount else {
            throw RecordFault("a record that is too short", .badRecordMAC)
        }
        return RecordCipher.headerByteCount + count
    }

    /// Takes what is missing of a record; false where it didn't come whole.
    private mutating func gather(from ciphertext: inout Buffer) throws(RecordFault) -> Bool {
        // The header first, which says how much there is to it.
        for _ in 0..<2 {
            let wanted = try Self.recordByteCount(beginning.octets) ?? RecordCipher.headerByteCount
            let count = min(ciphertext.count, max(0, wanted - beginning.count))
            beginning.append(copying: ciphertext.octets.extracting(0..<count))
            ciphertext.consume(count)
        }
        guard let wanted = try Self.recordByteCount(beginning.octets) else { return false }
        return beginning.count == wanted
    }

    private mutating func deliverSurplus(into plaintext: inout Buffer, room: Int) {
        if surplus.isEmpty || room <= 0 { return }
        let count = min(room, surplus.count)
        plaintext.append(copying: surplus.octets.extracting(0..<count))
        surplus.consume(count)
        if surplus.isEmpty { surplus.release() }
    }
}

// MARK: What records hold

extension ProtectedRecords {
    /// Decrypts a record and does what it says; true where it says that the peer has ended its direction.
    private mutating func take(
        _ record: Span<UInt8>, into plaintext: inout Buffer, room: Int, replies: inout Buffer,
        _ permits: inout Permits
    ) throws(RecordFault) -> Bool {
        let start = plaintext.count
        guard opener.open(record, into: &plaintext) else {
            ErrorQueue.clear()
            throw RecordFault("a record that the peer did not send", .badRecordMAC)
        }
        do throws(RecordFault) {
            let (type, byteCount) = try Self.content(of: plaintext.octets.extracting(start..<plaintext.count))
            plaintext.truncate(to: start + byteCount)
            if type == .applicationData {
                try countData(byteCount)
                if byteCount > room {
                    surplus.append(start + room..<plaintext.count, of: plaintext)
                    plaintext.truncate(to: start + room)
                }
                return false
            }
            let isEnd = try takeControl(
                type, plaintext.octets.extracting(start..<plaintext.count), &replies, &permits)
            plaintext.truncate(to: start)
            return isEnd
        } catch {
            plaintext.truncate(to: start)
            throw error
        }
    }

    /// Behind the content stands its type, and behind that only zeros (RFC 8446 section 5.4).
    private static func content(
        of inner: Span<UInt8>
    ) throws(RecordFault) -> (ContentType, byteCount: Int) {
        var end = inner.count
        while end > 0 && inner[end - 1] == 0 { end -= 1 }
        guard end > 0, let type = ContentType(rawValue: inner[end - 1]) else {
            throw RecordFault("a record of an unknown type", .unexpectedMessage)
        }
        guard end - 1 <= contentByteCountMax else {
            throw RecordFault("a record that holds too much", .recordOverflow)
        }
        return (type, end - 1)
    }

    private mutating func countData(_ byteCount: Int) throws(RecordFault) {
        // A message that began in a record goes on in the next (RFC 8446 section 5.1).
        if !update.isEmpty { throw RecordFault("a key update that breaks off", .unexpectedMessage) }
        emptyRecordCount = byteCount == 0 ? emptyRecordCount + 1 : 0
        if emptyRecordCount > Self.emptyRecordCountMax {
            throw RecordFault("too many empty records", .unexpectedMessage)
        }
    }

    private mutating func takeControl(
        _ type: ContentType, _ content: Span<UInt8>, _ replies: inout Buffer, _ permits: inout Permits
    ) throws(RecordFault) -> Bool {
        if type == .handshake {
            guard let asksForOurs = try update.take(content) else { return false }
            try updateKeys(asksForOurs: asksForOurs, &replies, &permits)
            return false
        }
        if !update.isEmpty { throw RecordFault("a key update that breaks off", .unexpectedMessage) }
        guard content.count == 2 else { throw RecordFault("not one alert", .decodeError) }
        switch content[1] {
        case Alert.closeNotify.rawValue: return true
        // Says that close_notify follows.
        case Alert.userCanceled.rawValue:
            try countData(0)
            return false
        // All others end the session, whatever level they name (RFC 8446 section 6.2).
        default: throw RecordFault("the peer's alert: \(Alert.words(for: content[1]))", nil)
        }
    }
}

// MARK: Key updates

extension ProtectedRecords {
    private mutating func updateKeys(
        asksForOurs: Bool, _ replies: inout Buffer, _ permits: inout Permits
    ) throws(RecordFault) {
        permits.stepsLeft -= asksForOurs ? PeerAllowance.answeredUpdateSteps : PeerAllowance.updateSteps
        if permits.stepsLeft < 0 { throw RecordFault("too many key updates", nil) }
        receivingSecret = receivingSecret.next(suite: suite)
        opener = RecordCipher(suite, receivingSecret, for: .opening)
        guard asksForOurs && permits.mayReply else { return }
        // No data may follow under the old key (RFC 8446 section 4.6.3), so none does.
        if isHandedOver {
            throw RecordFault("the peer asks for our next key, which can't be handed over", .closeNotify)
        }
        try updateSendingKey(into: &replies)
    }

    private mutating func updateSendingKey(into output: inout Buffer) throws(RecordFault) {
        let message = KeyUpdate.ours.span
        if !sender!.cipher.seal(message, as: ContentType.handshake.rawValue, into: &output) {
            throw .ofOpenSSL()
        }
        let secret = sender!.secret.next(suite: suite)
        let cipher = RecordCipher(suite, secret, for: .sealing)
        sender = Sender(secret: secret, cipher: cipher)
    }
}

// MARK: Records that others make

extension ProtectedRecords {
    /// Whether the records that are sent are made elsewhere: what is to be sealed is passed on as it is.
    var isHandedOver: Bool { sender == nil }

    /// Whether sending can be handed over: with AES, which is what kernels are sure to have.
    var canHandOver: Bool {
        switch sender {
        case .some(let sender): suite.isAES && sender.cipher.recordNumber < Self.wornRecordCount
        case .none: false
        }
    }

    /// Whether the key that was handed over comes to its end.
    var isWorn: Bool { recordsElsewhere >= Self.wornRecordCount }

    /// Hands over the key of the records that are sent. Where `take` returns true nothing is sealed here
    /// again, and otherwise all is as before.
    mutating func handOver(
        to take: (_ key: Span<UInt8>, _ nonceBase: Span<UInt8>, _ recordNumber: UInt64) -> Bool
    ) -> Bool {
        precondition(canHandOver, "sending is handed over once")
        let number = sender!.cipher.recordNumber
        let isTaken = sender!.secret.withKey(suite) { key, nonceBase in take(key, nonceBase, number) }
        if isTaken {
            sender = nil
            recordsElsewhere = number
        }
        return isTaken
    }

    /// Counts the records that octets are sealed into elsewhere: twice as many as they fill, since a socket
    /// that takes a part of what it is given ends a record there.
    mutating func countElsewhere(_ byteCount: Int) {
        recordsElsewhere += 2 * UInt64(byteCount / Self.contentByteCountMax + 1)
    }
}
