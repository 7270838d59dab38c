"""Clients that post numbered items to a channel each, and retry what got no answer, while servers come and go.

A client is a class of `CLIENTS`: how it posts is `converse`, and all else is common. What it sends and hears goes
into its ledger. A retry is of other octets than the first try, so that each send is known where it is found; a
client that gives an Idempotency-Key sets `is_keyed`, and its retries are the same octets, to be found once.
"""

import json
import random
import threading

from support.ledger import Ledger, Witness
from support.server import AUTHORIZED, JSON, OCTETS

NDJSON = {**AUTHORIZED, "Content-Type": "application/x-ndjson"}


class Ended(Exception):
    """The connection ended without an answer."""


class Told(Exception):
    """An answer said that the connection ends with it; what was sent behind it may be sent again."""


class Visit:
    """One server's time, as its clients see it."""

    def __init__(self, server):
        self.server = server
        # Set just before the server is killed: from then on a broken connection is no surprise.
        self.is_ending = threading.Event()
        # Set to have the clients stop, each between two items.
        self.is_over = threading.Event()


class Client:
    kind = ""
    fields = OCTETS
    is_keyed = False

    def __init__(self, seed, number=0):
        self.channel = f"{self.kind}-{number}"
        self.random = random.Random(f"{seed} {self.channel}")
        self.ledger = Ledger(self.channel)
        self.next_number = 0
        # Numbers to be sent again, each with how often it was sent.
        self.to_retry = []
        # What only a disturbed server does.
        self.refusals, self.breaks = [], []

    # What a kind of client decides

    def body(self, number, attempt):
        """An item's octets, the same for the same arguments."""
        return f"{self.channel} {number} {attempt} ".encode()

    def converse(self, wire, visit):
        """Posts on one connection, until the visit is over or the connection ends."""
        while not visit.is_over.is_set():
            self.post(wire)

    # What all have

    def visit(self, visit):
        """Posts until the server ends or the visit is over, with a new connection whenever one breaks."""
        while not visit.is_over.is_set():
            try:
                with visit.server.wire() as wire:
                    self.converse(wire, visit)
            except Told:
                pass
            except (OSError, Ended) as error:
                if visit.is_ending.is_set():
                    return
                self.breaks.append(error)

    def next_item(self):
        """(number, attempt) of what to send next: first what got no answer."""
        if self.to_retry:
            number, attempt = self.to_retry.pop(0)
            return number, attempt + 1
        self.next_number += 1
        return self.next_number, 0

    def octets(self, number, attempt):
        return self.body(number, 0 if self.is_keyed else attempt)

    def post(self, wire):
        """One item and its answer."""
        number, attempt = self.next_item()
        self.to_retry.insert(0, (number, attempt))
        octets = self.octets(number, attempt)
        item = self.ledger.send(octets)
        transmit(wire, self.request(octets, number))
        self.hear(wire, item, (number, attempt))

    def hear(self, wire, item, sent):
        """The answer to the oldest item that waits for one."""
        response = answer(wire)
        if response.status in (200, 204):
            self.to_retry.remove(sent)
            self.ledger.accept(item, response.get("location").removeprefix("/"))
            if response.status == 200:
                assert response.json()["accepted"] == 1
        else:
            # It is sent again; but this send must be nowhere.
            self.ledger.refuse(item)
            self.refusals.append(response)
        if response.get("connection") == "close":
            raise Told

    def request(self, octets, number):
        lines = [f"POST /channel/{self.channel} HTTP/1.1", "Host: localhost", f"Content-Length: {len(octets)}"]
        lines += [f"{name}: {value}" for name, value in self.more_fields(number).items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + octets

    def more_fields(self, number):
        """What stands in the request's header; a key belongs to a number."""
        return self.fields


def transmit(wire, octets):
    """Sends; a server that refuses early may answer and take no more (RFC 9112 section 9.5), so reading decides."""
    try:
        wire.send(octets)
    except OSError:
        pass


def answer(wire):
    try:
        return wire.response()
    except AssertionError as error:
        raise Ended(str(error)) from None


class JSONItems(Client):
    """A JSON value after the other on one connection."""

    kind = "json"
    fields = JSON

    def body(self, number, attempt):
        return json.dumps({"channel": self.channel, "number": number, "attempt": attempt}).encode()


class OctetItems(Client):
    """Octets of all sizes on one connection, some much larger than a TLS record."""

    kind = "octets"

    def body(self, number, attempt):
        filling = random.Random(f"{self.channel} {number} {attempt}")
        size = filling.randrange(3000) if filling.random() < 0.95 else filling.randrange(300_000)
        return super().body(number, attempt) + filling.randbytes(size)


class NewConnections(OctetItems):
    """A connection an item, and now and then one that ends in the middle of an item: that one is nowhere."""

    kind = "connections"
    fields = {**OCTETS, "Prefer": "return=minimal"}

    def converse(self, wire, visit):
        if self.random.random() < 0.2:
            number, attempt = self.next_item()
            self.to_retry.insert(0, (number, attempt))
            octets = self.octets(number, attempt)
            item = self.ledger.send(octets)
            self.ledger.refuse(item)
            wire.send(self.request(octets, number)[:-self.random.randrange(1, len(octets))])
        else:
            self.post(wire)


class Pipelining(OctetItems):
    """Several items on their way at once: they are answered and kept in their order."""

    kind = "pipelining"

    def converse(self, wire, visit):
        while not visit.is_over.is_set():
            burst = [self.next_item() for _ in range(self.random.randrange(1, 9))]
            self.to_retry[:0] = burst
            bodies = [self.octets(*one) for one in burst]
            items = [self.ledger.send(octets) for octets in bodies]
            transmit(wire, b"".join(self.request(octets, one[0]) for one, octets in zip(burst, bodies)))
            for item, sent in zip(items, burst):
                self.hear(wire, item, sent)


class LargeItems(Client):
    """Items of a megabyte or more, so that the log goes on to its next segment now and then; not so many that a slow
    disk falls behind with their frames."""

    kind = "large"
    SECONDS_BETWEEN = 0.05

    def converse(self, wire, visit):
        while not visit.is_over.wait(self.SECONDS_BETWEEN):
            self.post(wire)

    def body(self, number, attempt):
        filling = random.Random(f"{self.channel} {number} {attempt}")
        return super().body(number, attempt) + filling.randbytes(1 << 10) * filling.randrange(1 << 10, 3 << 10)


class KeyedItems(JSONItems):
    """A retry that repeats what may have been stored: it is there once."""

    kind = "keyed"
    is_keyed = True

    def more_fields(self, number):
        return {**self.fields, "Idempotency-Key": str(number)}


class OpenStream(JSONItems):
    """One body for as long as the server lives. Only its end says what was accepted, so a kill leaves all in doubt."""

    kind = "stream"
    fields = NDJSON
    SECONDS_BETWEEN = 0.002

    def converse(self, wire, visit):
        wire.send(chunked_head(self.channel, self.fields))
        items = []
        while not visit.is_over.wait(self.SECONDS_BETWEEN):
            burst = [self.octets(*self.next_item()) for _ in range(self.random.randrange(1, 20))]
            items += [self.ledger.send(octets) for octets in burst]
            wire.send(chunk(b"".join(octets + b"\n" for octets in burst)))
        if not items:
            return
        wire.send(b"0\r\n\r\n")
        response = answer(wire)
        assert response.status == 200 and response.json()["accepted"] == len(items), response
        for item in items:
            self.ledger.accept(item)


class KeyedStreams(JSONItems):
    """Batches of lines, each under a key, sent again until they are accepted whole: each line is there once."""

    kind = "batches"
    fields = NDJSON
    batch = ()

    def converse(self, wire, visit):
        while not visit.is_over.is_set():
            if not self.batch:
                self.batch = [self.next_item() for _ in range(self.random.randrange(1, 300))]
            bodies = [self.body(number, 0) for number, _ in self.batch]
            items = [self.ledger.send(octets) for octets in bodies]
            wire.send(chunked_head(self.channel, {**self.fields, "Idempotency-Key": f"from-{self.batch[0][0]}"}))
            lines = b"".join(octets + b"\n" for octets in bodies)
            while lines:
                size = self.random.randrange(1, 4000)
                wire.send(chunk(lines[:size]))
                lines = lines[size:]
            wire.send(b"0\r\n\r\n")
            response = answer(wire)
            if response.status != 200:
                self.refusals.append(response)
                raise Told
            assert response.json()["accepted"] == len(items), response
            for item in items:
                self.ledger.accept(item)
            self.batch = ()


def chunked_head(channel, fields):
    lines = [f"POST /channel/{channel} HTTP/1.1", "Host: localhost", "Transfer-Encoding: chunked"]
    return "\r\n".join(lines + [f"{name}: {value}" for name, value in fields.items()]).encode() + b"\r\n\r\n"


def chunk(octets):
    return f"{len(octets):x}\r\n".encode() + octets + b"\r\n"


CLIENTS = [JSONItems, OctetItems, NewConnections, Pipelining]

# Those that hear of their items late, or send them again until they do.
STREAMING = [KeyedItems, OpenStream, KeyedStreams]


class Viewer:
    """Has a witness look at every frame as soon as it is there."""

    POLL_SECONDS = 0.01

    def __init__(self, witness):
        self.witness = witness

    def visit(self, visit):
        try:
            with visit.server.wire() as wire:
                while not visit.is_over.wait(self.POLL_SECONDS):
                    self.witness.look(wire)
        except (OSError, Ended):
            if not visit.is_ending.is_set():
                raise


class Crowd:
    """Clients of every kind and a viewer, at one server after the other."""

    def __init__(self, seed, kinds=None, retained=None):
        self.clients = [kind(seed) for kind in kinds or CLIENTS]
        self.ledgers = [client.ledger for client in self.clients]
        self.witness = Witness(self.ledgers, retained)
        self.visit = None

    def begin(self, server, is_doomed=False):
        """Has all begin; a server that is doomed may end at any moment from now on."""
        self.visit = Visit(server)
        if is_doomed:
            self.visit.is_ending.set()
        self.errors = []
        self.threads = [threading.Thread(target=self._run, args=[one], daemon=True)
                        for one in [*self.clients, Viewer(self.witness)]]
        for thread in self.threads:
            thread.start()

    def _run(self, one):
        try:
            one.visit(self.visit)
        except BaseException as error:
            self.errors.append(error)

    def kill(self):
        """Kills the server, whatever it is at."""
        self.visit.is_ending.set()
        self.visit.server.kill()
        self._join()

    def end(self):
        """Has all clients stop between two items."""
        self.visit.is_over.set()
        self._join()

    def abandon(self):
        """Lets none go on who is still at a server, as they are where a test has failed."""
        if self.visit:
            self.visit.is_ending.set()
            self.visit.is_over.set()

    def _join(self):
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive(), "a client that doesn't end"
        if self.errors:
            raise self.errors[0]

    def check_undisturbed(self):
        """Nobody was refused, and no connection broke, but by a kill."""
        for client in self.clients:
            assert not client.refusals and not client.breaks, (client.channel, client.refusals[:3], client.breaks[:3])

    @property
    def accepted_count(self):
        return sum(ledger.accepted_count for ledger in self.ledgers)
