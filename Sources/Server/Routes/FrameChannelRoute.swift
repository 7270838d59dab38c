import Bytes
import HTTP
import Posix
import TimeFrame

/// `GET /{frameId}/channel/{id}`: a frame that holds that one channel, which changes as little as the whole.
///
/// A channel that the frame doesn't have is there without items: a player that follows one channel asks at
/// every frame, and what a cache may not keep would come to the server from each of them.
enum FrameChannelRoute {
    static func respond(
        _ id: UInt64, channel: Range<Int>, _ head: borrowing RequestHead, _ octets: Span<UInt8>,
        _ context: borrowing RequestContext, _ response: inout Response
    ) {
        let segment = octets.extracting(head.path).extracting(channel)
        guard let channelID = ChannelName(percentEncoded: segment) else {
            return response.refuse(.badChannel, ChannelName.advice, context.settings)
        }
        guard let frame = context.catalog.frame(id: id) else {
            return MissingFrame.respond(id, context, &response)
        }
        // What is asked for has an address of its own, so within it the frame's tag is one of its own.
        let result = frame.withTag(of: .identity) {
            Preconditions.evaluate(head, octets, tag: $0, lastModified: frame.lastModified)
        }
        switch result {
        case .proceed: fill(frame, channelID, context, &response)
        case .notModified:
            response.status = 304
            response.block = context.settings.blocks.channelFrameBase
            frame.appendTagLine(of: .identity, to: &response.fields)
        case .preconditionFailed:
            response.refuse(
                .preconditionFailed, "Ask without If-Match and If-Unmodified-Since to get the frame.",
                context.settings)
        }
    }

    private static func fill(
        _ frame: CatalogFrame, _ channelID: ChannelName, _ context: borrowing RequestContext,
        _ response: inout Response
    ) {
        var form = CatalogFrame.Form.identity
        guard let file = FrameRoute.open(frame, &form, context, &response) else { return }
        do throws(FrameError) {
            let extract = try ChannelExtract(
                of: channelID.span, in: file.octets,
                order: context.settings.isGoCompatible ? .idFirst : .typeFirst)
            response.status = 200
            response.block = context.settings.blocks.channelFrame
            frame.appendDateLine(to: &response.fields)
            frame.appendTagLine(of: .identity, to: &response.fields)
            response.text.append(copying: extract.preamble.span)
            response.content = .parts([
                .text(0..<extract.preamble.count), .mapped(file, extract.items),
            ])
        } catch {
            response.failure = "frame \(frame.startTimestamp): \(error)"
            response.refuse(
                .internalFault, "The frame can't be read now; try again later.", context.settings)
        }
    }
}
