"""What the description can't say, told to schemathesis: how bodies of the server's own types look, and which parameters exclude
each other."""

import json
import struct

import schemathesis
from hypothesis import strategies

from support import timeframe

STREAMS = ("application/x-ndjson", "application/vnd.syncstreamer.items")

values = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers(-2**53, 2**53) | strategies.text(max_size=20),
    lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(strategies.text(max_size=5), inner, max_size=3),
    max_leaves=5)
lines = strategies.lists(values, min_size=1, max_size=4).map(lambda listed: "".join(json.dumps(value) + "\n" for value in listed))
records = strategies.lists(strategies.binary(max_size=40), min_size=1, max_size=4).map(
    lambda listed: b"".join(struct.pack(">QQ", 0, len(data)) + data for data in listed))

schemathesis.openapi.media_type("application/x-ndjson", lines.map(str.encode))
schemathesis.openapi.media_type("application/vnd.syncstreamer.items", records)


@schemathesis.serializer(*STREAMS)
def serialize(context, value):
    """A body as it is sent: also a wrong one, which is a text or a number."""
    if isinstance(value, bytes):
        return value
    return value.encode(errors="surrogatepass") if isinstance(value, str) else json.dumps(value).encode()


@schemathesis.deserializer("application/octet-stream")
def deserialize(context, response):
    """A frame, where it is whole, is one."""
    if response.status_code == 200:
        timeframe.decode(response.content)
    return response.content.decode("latin-1")


@schemathesis.deserializer("multipart/byteranges")
def deserialize_parts(context, response):
    assert response.content.endswith(b"--\r\n")
    return response.content.decode("latin-1")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Nothing is waited for long, and no event stream is begun: schemathesis has no end for those."""
    if case.operation.label == "GET /channel/{channelId}":
        case.headers["Accept"] = "application/json"
    if case.query and str(case.query.get("wait")) in map(str, range(2, 61)):
        case.query["wait"] = 1


@schemathesis.hook
def filter_case(context, case):
    """Requests that are refused, and rightly, for a reason between two parameters."""
    query, headers, path = case.query or {}, case.headers or {}, case.path_parameters or {}
    if case.operation.label == "GET /frame" and {"from", "to"} <= set(query):
        if is_natural(query["from"]) and is_natural(query["to"]) and int(query["from"]) > int(query["to"]):
            return False
    if case.operation.label == "POST /channel/{channelId}":
        times = {"timestamp", "age"} & set(query)
        if len(times) == 2 or times and case.media_type in STREAMS:
            return False
        # The body is not compressed.
        if headers.get("Content-Encoding") == "gzip":
            return False
    # The schema counts characters, and the server octets.
    return all(len(str(text).encode(errors="surrogatepass")) <= 255 for text in (path.get("channelId", ""), query.get("type", "")))


def is_natural(value):
    return isinstance(value, int) and value >= 0 or isinstance(value, str) and value.isdecimal()
