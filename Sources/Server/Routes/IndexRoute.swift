import Bytes
import HTTP

/// `GET /frame`: the index, whole or a page of it. Made once a sealed frame, its gzip form too, so any
/// request costs a few steps.
enum IndexRoute {
    static func respond(
        _ head: borrowing RequestHead, _ octets: Span<UInt8>, _ context: borrowing RequestContext,
        _ response: inout Response
    ) {
        let catalog = context.catalog
        guard let query = head.query, !query.isEmpty else {
            return respond(whole: catalog.index, head, octets, context, &response)
        }
        guard let page = page(of: octets.extracting(query), context, &response) else { return }
        if page == IndexPage() { return respond(whole: catalog.index, head, octets, context, &response) }
        let listed = page.positions(in: catalog)
        response.status = 200
        fill(
            listed.frames, of: catalog.index, acceptsGzip: ContentNegotiation.acceptsGzip(head, octets),
            context, &response)
        if listed.hasMore {
            page.appendLink(
                nextBefore: catalog.frames[listed.frames.lowerBound].startTimestamp, to: &response.fields)
        }
    }

    /// Makes a page of parts that are there already.
    private static func fill(
        _ frames: Range<Int>, of index: FrameIndex, acceptsGzip: Bool, _ context: borrowing RequestContext,
        _ response: inout Response
    ) {
        if acceptsGzip, !frames.isEmpty, let gzip = index.gzip,
            let page = index.appendGzipPage(ofFrames: frames, to: &response.text)
        {
            response.block = context.settings.blocks.indexGzip
            response.content = .parts([
                .text(0..<page.end), .shared(gzip, page.blocks), .text(page.end..<response.text.count),
            ])
            return
        }
        response.block = context.settings.blocks.index
        response.text.append("[]")
        if frames.isEmpty {
            response.content = .text
        } else {
            let objects = index.octetRange(ofFrames: frames)
            response.content = .parts([.text(0..<1), .shared(index.octets, objects), .text(1..<2)])
        }
    }

    private static func respond(
        whole index: FrameIndex, _ head: borrowing RequestHead, _ octets: Span<UInt8>,
        _ context: borrowing RequestContext, _ response: inout Response
    ) {
        response.status = 200
        if let gzip = index.gzip, ContentNegotiation.acceptsGzip(head, octets) {
            response.block = context.settings.blocks.indexGzip
            response.content = .shared(gzip, 0..<gzip.count)
        } else {
            response.block = context.settings.blocks.index
            response.content = .shared(index.octets, 0..<index.octets.count)
        }
    }

    /// What the query asks for; nil where a parameter is broken and the response says so. Unknown names are
    /// ignored.
    private static func page(
        of query: Span<UInt8>, _ context: borrowing RequestContext, _ response: inout Response
    ) -> IndexPage? {
        var page = IndexPage()
        var parameters = QueryParameters(query)
        while let parameter = parameters.next() {
            let value = parameter.value?.span.decimal()
            var isUsable = true
            if parameter.isNamed("from") {
                isUsable = page.from == nil && value != nil
                page.from = value
            } else if parameter.isNamed("to") {
                isUsable = page.to == nil && value != nil
                page.to = value
            } else if parameter.isNamed("limit") {
                isUsable = page.limit == nil && value ?? 0 > 0
                page.limit = value
            }
            if !isUsable {
                response.refuse(.badParameter, advice, context.settings)
                return nil
            }
        }
        if let from = page.from, let to = page.to, from > to {
            response.refuse(.badParameter, advice, context.settings)
            return nil
        }
        return page
    }

    private static var advice: StaticString {
        "Give from and to once, in milliseconds since the epoch and in this order, and limit as 1 or more."
    }
}

/// A part of the index that a query asks for.
struct IndexPage: Equatable {
    /// Frames that end after this moment, in milliseconds.
    var from: UInt64?
    /// Frames that start before this moment, in milliseconds.
    var to: UInt64?
    /// So many of them, the newest; 1 or more.
    var limit: UInt64?

    /// The frames of this page, as positions counted from the oldest, and whether older ones fit the range
    /// too.
    func positions(in catalog: FrameCatalog) -> (frames: Range<Int>, hasMore: Bool) {
        let lower = from.map { catalog.position(ofFirstEndingAfter: $0) } ?? 0
        let upper = max(lower, to.map { catalog.position(ofFirstStartingFrom: $0) } ?? catalog.frames.count)
        guard let limit, limit < UInt64(upper - lower) else { return (lower..<upper, false) }
        return (upper - Int(limit)..<upper, true)
    }

    /// The link to the page that follows (RFC 8288): the frames before the oldest one here. It goes by time
    /// and not by number, so that a frame sealed in between shifts nothing.
    func appendLink(nextBefore oldest: UInt64, to fields: inout Buffer) {
        fields.append("Link: </frame?")
        if let from {
            fields.append("from=")
            fields.append(decimal: from)
            fields.append("&")
        }
        fields.append("to=")
        fields.append(decimal: oldest)
        if let limit {
            fields.append("&limit=")
            fields.append(decimal: limit)
        }
        fields.append(">; rel=\"next\"\r\n")
    }
}
