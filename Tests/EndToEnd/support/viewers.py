"""Many viewers who follow a server at once, as few octets and as little time as it takes: HTTP/1.1 without TLS."""

import asyncio
import json


class Viewer:
    """One connection. It goes from frame to frame, and fetches each."""

    def __init__(self, port):
        self.port = port

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, target):
        self.writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        length = next((int(line.partition(":")[2]) for line in head.split("\r\n") if line.startswith("content-length:")), 0)
        return status, await self.reader.readexactly(length)

    async def follow(self, last, count):
        """The next so many frames: their ids, and their octets' hashes."""
        await self.open()
        seen = []
        try:
            while len(seen) < count:
                status, body = await self.ask(f"/frame/after/{last}?wait=25")
                if status == 204:
                    continue
                assert status == 200, (status, body)
                last = json.loads(body)["id"]
                status, body = await self.ask(f"/{last}")
                assert status == 200, (status, body)
                seen.append((last, hash(body)))
        finally:
            self.writer.close()
        return seen


def follow(port, viewers, last, count):
    """What each of so many viewers sees of the next so many frames."""
    async def run():
        return await asyncio.gather(*(Viewer(port).follow(last, count) for _ in range(viewers)))
    return asyncio.run(run())


def ask(port, target):
    """One request: its status and content."""
    async def run():
        viewer = Viewer(port)
        await viewer.open()
        try:
            return await viewer.ask(target)
        finally:
            viewer.writer.close()
    return asyncio.run(run())
