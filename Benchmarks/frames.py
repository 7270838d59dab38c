"""Frames made beforehand, and laid where the server finds them when it starts (docs/ARCHITECTURE.md: the folder of
frames is self-describing). They end two hours ago, so that the server's own windows come after them."""

import hashlib
import os
import struct
import time

CHANNEL, KIND = b"bench", b"application/octet-stream"
DURATION_MILLISECONDS = 10_000
OVERHEAD = 30 + 16 + len(CHANNEL) + len(KIND) + 16


def encode(start, byte_count):
    """A frame of exactly so many octets, with one random item."""
    item = os.urandom(byte_count - OVERHEAD)
    header = struct.pack(">HIQQQ", 1, 16 + len(KIND) + len(CHANNEL), 16 + len(item), start, start + DURATION_MILLISECONDS)
    names = struct.pack(">QII", 0, len(KIND), len(CHANNEL)) + KIND + CHANNEL
    return header + names + struct.pack(">QQ", start, len(item)) + item


def lay(data_directory, sizes, windows_ago=0):
    """Writes a frame for each of `sizes`, oldest first; their starts."""
    folder = data_directory / "frames"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    last = (int(time.time()) - 7200) // 10 * 10_000 - windows_ago * DURATION_MILLISECONDS
    starts = [last - place * DURATION_MILLISECONDS for place in reversed(range(len(sizes)))]
    for start, size in zip(starts, sizes):
        octets = encode(start, size)
        (folder / f"{start}-{hashlib.sha256(octets).hexdigest()}.frame").write_bytes(octets)
    # A server that syncs the folder at its start should not have to write what was written here.
    os.sync()
    return starts
