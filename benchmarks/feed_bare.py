"""A bare loop on a public stream: reads, cuts into frames, decodes to exact decimals, and does nothing else.

What it costs and how old a frame is when it is decoded is what no desk on this machine can undercut.
"""

import json
import time
from array import array
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from zoe.adapters.kraken.numbers import nanoseconds
from zoe.adapters.socket_frames import FrameStream, masked
from zoe.adapters.socket_reader import READ_BYTES, connect

#: Ages that are kept, the newest.
_KEPT: Final = 1_000_000
#: Whoever sends makes its frames first.
PATIENCE_SECONDS: Final = 60
#: How a frame ends that says when it was sent, and where it says so.
_END: Final = b'Z"}]}'
_STAMP: Final = slice(-31, -4)
_STAMP_BYTES: Final = 27


class Ages:
    """How old things were when they had come so far, the newest million.

    Their room is taken at the beginning, so that what grows, and what is collected, is the program's own.
    """

    def __init__(self) -> None:
        self._ages_ns = array("q", bytes(8 * _KEPT))
        self.count = 0

    def add(self, age_ns: int) -> None:
        """One more."""
        self._ages_ns[self.count % _KEPT] = age_ns
        self.count += 1

    def newest(self, count: int = _KEPT) -> list[int]:
        """So many of the newest, or all that are kept, in ns, sorted."""
        first = max(self.count - min(count, _KEPT), 0)
        return sorted(self._ages_ns[n % _KEPT] for n in range(first, self.count)) or [0]


class Loop:
    """One connection that follows some channels of some pairs each."""

    def __init__(self, url: str, wanted: Mapping[str, Iterable[str]]) -> None:
        opened = connect(url).sock
        assert opened is not None
        opened.settimeout(PATIENCE_SECONDS)
        self._socket = opened
        for number, (channel, symbols) in enumerate(wanted.items(), 1):
            params = {"channel": channel, "symbol": list(symbols)}
            wish = {"method": "subscribe", "params": params, "req_id": number}
            self._socket.sendall(masked(json.dumps(wish).encode()))

    def run(
        self, decode: Callable[[bytes], object], ends: Callable[[], bool]
    ) -> tuple[list[int], list[int]]:
        """Ages of the newest frames when they were decoded, since they were read and since they were sent."""
        stream, buffer = FrameStream(), memoryview(bytearray(READ_BYTES))
        read, decoded = Ages(), array("q", bytes(8 * _KEPT))
        stamps, stamped = bytearray(_STAMP_BYTES * _KEPT), 0
        began_ns = time.time_ns()
        while not ends():
            size = self._socket.recv_into(buffer)
            received_ns = time.time_ns()
            for payload in stream.feed(bytes(buffer[:size])).messages:
                decode(payload)
                now_ns = time.time_ns()
                read.add(now_ns - received_ns)
                if payload.endswith(_END) and stamped < _KEPT:
                    decoded[stamped] = now_ns
                    stamps[stamped * _STAMP_BYTES : (stamped + 1) * _STAMP_BYTES] = payload[_STAMP]
                    stamped += 1
        # What was said when is read afterwards: it is no part of the loop.
        texts = (stamps[n * _STAMP_BYTES : (n + 1) * _STAMP_BYTES] for n in range(stamped))
        sent_ns = [nanoseconds(text.decode()) for text in texts]
        # Answers to what was asked have waited for the loop to begin.
        ages = [decoded[n] - at_ns for n, at_ns in enumerate(sent_ns) if at_ns >= began_ns]
        return read.newest(), sorted(ages) or [0]

    def close(self) -> None:
        """Ends the connection, once whoever sends has been told to end: it may take this for the end as well."""
        self._socket.close()
