import FrameLog
import TLS

/// What other threads tell an event loop.
enum LoopMessage: Sendable {
    /// The log has decided on a batch's items; the batch comes back so that its memory serves the next.
    case decided(ItemBatch)
    /// There is a new catalogue, which is to be looked at.
    case published
    /// Items of channels that are followed here are durable.
    case items([ItemEvents.Block])
    /// New connections use this certificate, new requests these secrets.
    case reload(TLSContext, SecretSet)
    /// Uploads can, or can't, be taken.
    case readiness(Readiness)
    /// Accept nothing more, end each connection after what is in flight.
    case drain
    /// End at once.
    case stop
}
