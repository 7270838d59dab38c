"""What clients sent and heard, and what a viewer saw of it, across any number of servers on one directory.

The ledger holds the promise of the interface against the frames: what was accepted is in the frame that its answer
named, once; what was refused is in none; what got no answer is in one frame or in none; a channel keeps the order in
which it was sent; nothing else is there; and a frame that anyone saw never changes, moves or goes.
"""

import hashlib
import threading
from collections import Counter

from support import timeframe
from support.waiting import until


def digest(octets):
    """Stands for octets, so that a long run doesn't keep them all."""
    return hashlib.blake2b(octets, digest_size=16).digest()


class Sent:
    """One item: octets that no other item of its channel has."""

    __slots__ = ("key", "place", "doubts", "accepted", "refused", "frame")

    def __init__(self, key, place):
        self.key, self.place = key, place
        # How often it was sent: with no answer so far, accepted, refused.
        self.doubts, self.accepted, self.refused = 0, 0, 0
        # The frame that the first answer named, where it named one.
        self.frame = None


class Ledger:
    """What the client of one channel sent and heard. Sends are noted before their first octet leaves."""

    def __init__(self, channel):
        self.channel = channel
        self.sent, self.order = {}, []
        # Accepted and not yet seen.
        self.unseen = []

    def send(self, octets):
        key = digest(octets)
        if key not in self.sent:
            self.sent[key] = Sent(key, len(self.order))
            self.order.append(self.sent[key])
        self.sent[key].doubts += 1
        return self.sent[key]

    def accept(self, item, frame=None):
        if not item.accepted:
            item.frame = frame
            self.unseen.append(item)
        # In this order: a viewer beside must not take it for refused.
        item.accepted += 1
        item.doubts -= 1

    def refuse(self, item):
        item.doubts -= 1
        item.refused += 1

    @property
    def accepted_count(self):
        return sum(item.accepted > 0 for item in self.order)


class Witness:
    """A viewer that forgets nothing: every frame it ever saw, and where each item was."""

    def __init__(self, ledgers, retained=None):
        self.ledgers = {ledger.channel: ledger for ledger in ledgers}
        # How many frames retention keeps, or None where it keeps all.
        self.retained = retained
        # The SHA-256 of each frame by its id, oldest first.
        self.frames = {}
        self.newest = -1
        # The frame of each item found.
        self.found = {}
        self.last_place = Counter()
        # One looks at a time: with retention, of two the later one could be served an older frame.
        self.lock = threading.Lock()

    # Looking

    def look(self, wire):
        """Sees, in order, what has been sealed since the last look."""
        with self.lock:
            self._look(wire)

    def _look(self, wire):
        listed = wire.ask("GET", f"/frame?from={self.newest + 1}" if self.frames else "/frame").json()
        for entry in reversed(listed):
            if int(entry["id"]) <= self.newest:
                continue
            response = wire.ask("GET", f"/{entry['id']}")
            if response.status == 410 and self.retained:
                continue
            assert response.status == 200, response
            self.see(int(entry["id"]), response.body)

    def see(self, frame_id, octets):
        seen = hashlib.sha256(octets).hexdigest()
        if frame_id in self.frames:
            assert seen == self.frames[frame_id], f"frame {frame_id} has had two contents"
            return
        assert frame_id > self.newest, f"frame {frame_id} came after frame {self.newest}"
        self.frames[frame_id] = seen
        frame = timeframe.decode(octets)
        assert frame.start == frame_id
        for channel in frame.channels:
            ledger = self.ledgers[channel.id]
            for item in channel.items:
                self._find(ledger, item.data, frame_id)
        # Last, for who waits for it in another thread.
        self.newest = frame_id

    def _find(self, ledger, octets, frame_id):
        what = f"in frame {frame_id}, channel {ledger.channel}: {octets[:60]!r}"
        key = digest(octets)
        item = ledger.sent.get(key)
        assert item, f"never sent: {what}"
        assert item not in self.found, f"twice, first in {self.found[item]}: {what}"
        assert item.accepted or item.doubts, f"refused, and there: {what}"
        assert item.place > self.last_place.get(ledger.channel, -1), f"out of order: {what}"
        self.last_place[ledger.channel] = item.place
        self.found[item] = frame_id

    # Holding one against the other

    def catch_up(self, server):
        """Looks until all that was accepted before this call is in a frame, and checks that it is in the right one.

        With retention a frame may be gone before it was seen; its items then have been seen by nobody."""
        awaited = {ledger: list(ledger.unseen) for ledger in self.ledgers.values()}
        last = max((int(item.frame) for items in awaited.values() for item in items if item.frame), default=-1)
        with server.wire() as wire:
            until(lambda: self.look(wire) or self.newest >= last, f"frame {last}")
        for ledger, items in awaited.items():
            for item in items:
                if self.retained and (item.frame is None or int(item.frame) not in self.frames):
                    continue
                assert item in self.found, f"{ledger.channel}: item {item.place} was accepted for {item.frame} and is lost"
                assert item.frame in (None, str(self.found[item])), (item.frame, self.found[item])
            del ledger.unseen[:len(items)]
        refused = [item for item in list(self.found) if not item.accepted and not item.doubts]
        assert not refused, f"{len(refused)} items were refused and are there"

    def check_index(self, server):
        """Every frame ever seen is still listed, in order and once, and no file contradicts that."""
        seen = set(self.frames)
        if self.retained:
            # A frame is listed before the oldest one goes, and kills may have left some that were to go.
            until(lambda: len(server.index()) <= self.retained + 1, "the removal of old frames")
        ids = [int(entry["id"]) for entry in reversed(server.index())]
        assert ids == sorted(set(ids))
        missing = seen - set(ids)
        if self.retained:
            assert all(frame_id < min(ids, default=0) for frame_id in missing), "a frame went before an older one"
        else:
            assert not missing, f"frames that were seen are listed no more: {sorted(missing)}"
        files = Counter()
        for file in (server.directory / "frames").glob("*.frame"):
            frame_id, _, beginning = file.stem.partition("-")
            files[frame_id] += 1
            assert self.frames.get(int(frame_id), beginning).startswith(beginning), f"{file} is another content"
        assert not files or max(files.values()) == 1, f"a frame id has two files: {files}"

    def check_content(self, server, ids=None):
        """Frames seen before are what they were; those that retention removed are 410, never 404."""
        with server.wire() as wire:
            for frame_id in self.frames if ids is None else ids:
                response = wire.ask("GET", f"/{frame_id}")
                if self.retained and response.status == 410:
                    continue
                assert response.status == 200, f"frame {frame_id} was seen, and now: {response}"
                self.see(frame_id, response.body)
