"""Items of every kind that the viewer shows in a way of its own."""

import json
import math
import struct
import threading
import zlib

from support.server import AUTHORIZED


def png(width, height, red):
    """A picture of one colour."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = (b"\0" + bytes((red, 80, 160)) * width) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def wav(seconds, rate=8000):
    """A tone of 440 Hz."""
    samples = b"".join(struct.pack("<h", int(9000 * math.sin(2 * math.pi * 440 * n / rate))) for n in range(int(seconds * rate)))
    return (b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16)
            + b"data" + struct.pack("<I", len(samples)) + samples)


def round_of(number):
    """(channel, type, content, is JSON) of one round of items."""
    yield "count", None, json.dumps({"n": number, "wave": math.sin(number / 5)}).encode(), True
    yield "status", None, json.dumps({"state": "running", "doors": [{"open": number % 2 == 0}], "note": None}).encode(), True
    yield "camera", "image/png", png(32, 18, number % 256), False
    yield "microphone", "audio/wav", wav(0.1), False
    yield "log", "text/plain", f"line {number}".encode(), False
    yield "telegram", "application/x-telegram", bytes(range(100)), False


class Posters:
    """Posts rounds of items, ten a second, until it is closed; also past a server that is away for a while."""

    def __init__(self, server, kinds=round_of):
        self.server, self.kinds = server, kinds
        self.rounds = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._over.wait(0.1):
            try:
                with self.server.wire() as wire:
                    while not self._over.wait(0.1):
                        for channel, kind, content, is_json in self.kinds(self.rounds):
                            fields = {**AUTHORIZED, "Content-Type": "application/json" if is_json else "application/octet-stream"}
                            wire.ask("POST", f"/channel/{channel}" + (f"?type={kind}" if kind else ""), fields, content)
                        self.rounds += 1
            except (OSError, AssertionError):
                pass  # The server is away, as some tests want it.

    def close(self):
        self._over.set()
        self._thread.join()
