"""A server whose operator's listener is asked for metrics."""

from support.server import free_port
from support.waiting import until
from support.wire import Wire


class Metrics:
    def __init__(self, start, *options, **settings):
        self.port = free_port()
        self.server = start("--admin", f"127.0.0.1:{self.port}", *options, **settings)

    def text(self):
        with Wire(("127.0.0.1", self.port), None, plain=True) as wire:
            response = wire.ask("GET", "/metrics")
            assert response.status == 200
            assert response.get("content-type") == "text/plain; version=0.0.4; charset=utf-8"
            return response.body.decode()

    def all(self):
        samples = {}
        for line in self.text().splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                assert name not in samples, f"{name} comes twice"
                samples[name] = float(value)
        return samples

    def until(self, name, value):
        """Waits for a sample: loops publish what they count a few times a second."""
        until(lambda: self.all().get(name, 0) == value, f"{name} to be {value}; it is {self.all().get(name)}")
