import Bytes
import FrameLog
import HTTP
import Posix

/// `GET /{frameId}`: a frame, which never changes; whole, compressed, in parts, or not at all where the
/// client has it.
enum FrameRoute {
    static func respond(
        _ id: UInt64, _ head: borrowing RequestHead, _ octets: Span<UInt8>,
        _ context: borrowing RequestContext,
        _ response: inout Response
    ) {
        guard let frame = context.catalog.frame(id: id) else {
            return MissingFrame.respond(id, context, &response)
        }
        // Ranges are defined for GET alone (RFC 9110 section 14.2), and are of the identity form.
        let isRanged = head.method == .get && head.value(of: .range) != nil
        let isGzipUsable = frame.hasGzip && ContentNegotiation.acceptsGzip(head, octets)
        let wanted: CatalogFrame.Form = isGzipUsable && !isRanged ? .gzip : .identity
        var (form, result) = condition(of: frame, wanted, isGzipUsable: isGzipUsable, head, octets)
        let blocks = context.settings.blocks
        switch result {
        case .proceed where isRanged:
            FrameRanges.respond(frame, head, octets, context, &response)
        case .proceed:
            guard let file = open(frame, &form, context, &response) else { return }
            response.status = 200
            response.block = form == .gzip ? blocks.frameGzip : blocks.frame
            frame.appendLines(of: form, to: &response.fields)
            response.content = .mapped(file, 0..<file.octets.count)
        case .notModified:
            response.status = 304
            response.block = blocks.frameBase
            frame.appendTagLine(of: form, to: &response.fields)
        case .preconditionFailed:
            response.refuse(
                .preconditionFailed, "Ask without If-Match and If-Unmodified-Since to get the frame.",
                context.settings)
        }
    }

    /// Evaluates the request's conditions.
    ///
    /// The forms differ in nothing but their coding. So a client that has a form it accepts has the frame,
    /// and one that insists on a form gets that one: where the form that would be sent doesn't match, the
    /// other one is tried. The gzip form counts for nothing where it isn't accepted: a cache that asks with
    /// its tag would send it to a client that can't read it (RFC 9111 section 4.3.3).
    private static func condition(
        of frame: CatalogFrame, _ form: CatalogFrame.Form, isGzipUsable: Bool,
        _ head: borrowing RequestHead, _ octets: Span<UInt8>
    ) -> (CatalogFrame.Form, PreconditionResult) {
        let result = evaluate(frame, form, head, octets)
        let namesTags = head.value(of: .ifNoneMatch) != nil || head.value(of: .ifMatch) != nil
        if result == .notModified || !namesTags || !isGzipUsable { return (form, result) }
        let other: CatalogFrame.Form = form == .gzip ? .identity : .gzip
        switch evaluate(frame, other, head, octets) {
        case .notModified: return (other, .notModified)
        // Every client understands the identity form.
        case .proceed where result == .preconditionFailed && other == .identity: return (other, .proceed)
        case .proceed, .preconditionFailed: return (form, result)
        }
    }

    private static func evaluate(
        _ frame: CatalogFrame, _ form: CatalogFrame.Form, _ head: borrowing RequestHead, _ octets: Span<UInt8>
    ) -> PreconditionResult {
        frame.withTag(of: form) {
            Preconditions.evaluate(head, octets, tag: $0, lastModified: frame.lastModified)
        }
    }

    /// The file of a form, which is the identity form where there is no other; nil where it can't be opened,
    /// and the response says so. A file that is gone was removed after the catalog at hand was published.
    static func open(
        _ frame: CatalogFrame, _ form: inout CatalogFrame.Form, _ context: borrowing RequestContext,
        _ response: inout Response
    ) -> MappedFile? {
        do {
            if form == .gzip, let file = try frame.file.gzip() { return file }
            form = .identity
            return try frame.file.identity()
        } catch {
            if error.code == SystemError.badContent {
                // Said once in the log, by the checker.
                response.refuse(
                    .damagedFrame, "The server's disk has damaged it; a repair may bring it back.",
                    context.settings)
                return nil
            }
            if error.code == SystemError.noSuchEntry {
                MissingFrame.respondRemoved(context, &response)
            } else {
                response.refuse(
                    .internalFault, "The frame can't be read now; try again later.", context.settings)
            }
            response.failure = "frame \(frame.startTimestamp): \(error)"
            return nil
        }
    }
}
