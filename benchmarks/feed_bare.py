"""A bare loop on a public stream: reads, cuts into frames, decodes to exact decimals, and does nothing else.

What it costs and how old a frame is when it is decoded is what no desk on this machine can undercut.
"""

import json
import time
from array import array
from collections.abc import Callable, Iterable
from typing import Final

from zoe.adapters.socket_frames import FrameStream, masked
from zoe.adapters.socket_reader import READ_BYTES, connect

#: Ages that are kept, the newest.
_KEPT: Final = 1_000_000
#: Whoever sends makes its frames first.
PATIENCE_SECONDS: Final = 60


class Loop:
    """One connection that follows books and trades."""

    def __init__(self, url: str, symbols: Iterable[str]) -> None:
        opened = connect(url).sock
        assert opened is not None
        opened.settimeout(PATIENCE_SECONDS)
        self._socket = opened
        for number, channel in enumerate(("book", "trade"), 1):
            params = {"channel": channel, "symbol": list(symbols)}
            wish = {"method": "subscribe", "params": params, "req_id": number}
            self._socket.sendall(masked(json.dumps(wish).encode()))

    def run(self, decode: Callable[[bytes], object], ends: Callable[[], bool]) -> list[int]:
        """Ages of the newest frames when they were decoded, in ns, sorted."""
        stream, buffer = FrameStream(), memoryview(bytearray(READ_BYTES))
        ages, count = array("q", bytes(8 * _KEPT)), 0
        while not ends():
            size = self._socket.recv_into(buffer)
            received_ns = time.time_ns()
            for payload in stream.feed(bytes(buffer[:size])).messages:
                decode(payload)
                ages[count % _KEPT] = time.time_ns() - received_ns
                count += 1
        return sorted(ages[: min(count, _KEPT)])

    def close(self) -> None:
        """Ends the connection, once whoever sends has been told to end: it may take this for the end as well."""
        self._socket.close()
