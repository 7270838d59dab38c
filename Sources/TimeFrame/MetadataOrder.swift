/// In which order a channel's record names its type and its id.
///
/// Files in the two orders can't be told apart by looking, so the reader must know how a frame was written.
public enum MetadataOrder: Sendable, Hashable, CaseIterable {
    /// Type size, id size, type, id: the order of the format's documentation, and the one to write.
    case typeFirst
    /// Id size, type size, id, type: what the first server of the format wrote and its browser player reads.
    case idFirst
}
