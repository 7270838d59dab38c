"""Event streams, as the HTML standard reads them ("Server-sent events"), from a description of it alone."""

from dataclasses import dataclass


@dataclass
class Event:
    name: str
    id: str
    data: str


class Events:
    """The events of one request."""

    def __init__(self, client, target, **fields):
        self.client = client
        self.response = client.follow(target, {name.replace("_", "-"): value for name, value in fields.items()})

    def __iter__(self):
        return self

    def __next__(self):
        """The next event; comments are passed over."""
        while True:
            block = self.client.piece(b"\n\n")
            if block is None:
                raise StopIteration
            event = self.read(block.decode())
            if event:
                return event

    def comment(self):
        """The next block, which must be a comment."""
        assert self.client.piece(b"\n\n") == b":\n\n"

    @staticmethod
    def read(block):
        name, event_id, data = "message", "", []
        for line in block.splitlines():
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            match field:
                case "event": name = value
                case "id": event_id = value
                case "data": data.append(value)
                case "": assert line == "" or line.startswith(":")
                case _: raise AssertionError(f"no field of an event: {line!r}")
        return Event(name, event_id, "\n".join(data)) if data else None
