"""A decoder of TimeFrame version 1, written from the format's description alone, so that it shares no mistake with
the server."""

import struct
from dataclasses import dataclass, field


@dataclass
class Item:
    timestamp: int
    data: bytes


@dataclass
class Channel:
    id: str
    type: str
    items: list = field(default_factory=list)


@dataclass
class Frame:
    start: int
    end: int
    channels: list

    def channel(self, channel_id):
        return next((channel for channel in self.channels if channel.id == channel_id), None)

    def items(self, channel_id):
        channel = self.channel(channel_id)
        return channel.items if channel else []


def decode(octets, id_first=False):
    """The content of a frame; an AssertionError where it is none. `id_first` is the Go server's order of a channel's names."""
    version, metadata_size, data_size, start, end = struct.unpack_from(">HIQQQ", octets)
    assert version == 1
    assert len(octets) == 30 + metadata_size + data_size
    metadata, data = octets[30:30 + metadata_size], octets[30 + metadata_size:]

    channels, offsets, position = [], [], 0
    while position < metadata_size:
        offset, *sizes = struct.unpack_from(">QII", metadata, position)
        position += 16
        names = []
        for size in sizes:
            names.append(metadata[position:position + size].decode())
            position += size
        channels.append(Channel(*names if id_first else reversed(names)))
        offsets.append(offset)
    assert position == metadata_size
    assert len({channel.id for channel in channels}) == len(channels)
    assert offsets == sorted(offsets) and (not offsets or offsets[0] == 0)

    for channel, begin, limit in zip(channels, offsets, offsets[1:] + [data_size]):
        while begin < limit:
            timestamp, size = struct.unpack_from(">QQ", data, begin)
            begin += 16
            channel.items.append(Item(timestamp, data[begin:begin + size]))
            begin += size
        assert begin == limit
    return Frame(start, end, channels)
