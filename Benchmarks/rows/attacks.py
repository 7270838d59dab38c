"""What an attack costs the server, beside what it costs the attacker: processor time a connection of each. The attacker
makes one connection after the other, and sends what the server lets it send; what it sends was made before."""

import socket
import time
from functools import partial

from Benchmarks.attackers import attacks, client_hello
from Benchmarks.client import Client, context
from Benchmarks.measuring import Comparison, Meter, Sample, cpu_seconds
from Benchmarks.rows import row
from Benchmarks.servers import SyncStreamer, until

# How long an attacker waits for a server that neither takes more nor ends the connection.
PATIENCE_SECONDS = 0.5


def half_a_handshake(server, octets):
    """The cheapest that makes a server sign: a ClientHello, the same each time."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=2) as connection:
        connection.sendall(octets)
        connection.recv(1)


def connect_and_send(server, trusting, octets):
    """Sends until the server has ended the connection, or takes no more for a while, and goes."""
    with Client(server.port, trusting) as client:
        client.socket.settimeout(PATIENCE_SECONDS)
        try:
            client.send(octets)
            while octets and client.socket.recv(262_144):
                pass
        except OSError:
            pass  # The server had enough, or waits for more: that is what the figures tell.


def settle(server):
    """Waits until the server has done all that it was made to do: an attacker may be long gone then."""
    def is_idle():
        before = cpu_seconds(server.pids)
        time.sleep(0.1)
        return cpu_seconds(server.pids) - before < 0.005
    until(is_idle, "the server's rest after an attack")


def attack(setting, work, connect):
    """`connect` is what the attacker does, again and again, to a server that it is given."""
    samples = {"the server": [], "the attacker": []}
    with SyncStreamer(setting) as server:
        for _ in range(setting.rounds):
            count, ends = 0, time.monotonic() + setting.seconds
            with Meter(server) as meter:
                while time.monotonic() < ends:
                    connect(server)
                    count += 1
                own = time.process_time() - meter.own
                settle(server)
            samples["the server"].append(meter.sample(count))
            samples["the attacker"].append(Sample(count, own, meter.seconds))
    return Comparison(work, samples)


@row("attacks", "what attacks cost the server, beside what they cost the attacker, a connection", is_long=True)
def all_attacks(setting):
    hello = client_hello(context())
    results = [attack(setting, "attack: a ClientHello", partial(half_a_handshake, octets=hello))]
    for kind in attacks():
        connect = partial(connect_and_send, trusting=context(kind.protocol), octets=kind.octets)
        results.append(attack(setting, f"attack: {kind.name}", connect))
    return results
