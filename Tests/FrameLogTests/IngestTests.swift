// Shows that items become frames: placed in windows by their timestamps, sealed by the clock, each in exactly
// one frame, and what is refused and why. All on a simulated disk, with the time passed in.
import Testing

@Suite struct IngestTests {
    @Test(arguments: Story.ingest)
    func itemsBecomeFrames(story: Story) throws { try story.tell() }
}
