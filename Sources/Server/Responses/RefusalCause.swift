/// Why a request was refused, where its status alone does not say.
enum RefusalCause: Sendable {
    /// A limit to what may come in a time.
    case rate(RatePolicy)
    /// A secret that is none.
    case wrongSecret
    /// The item that was all there was in the request.
    case item(ItemRejection)
}
