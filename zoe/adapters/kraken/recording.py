"""Recorded frames through the real reader: for ``zoe replay`` and ``zoe wire decode``.

Where a recording holds no instrument frame, precisions come from a table, or from the most decimals
in its books.
"""

import json
from collections.abc import Iterable, Iterator

import attrs
import msgspec

from zoe.adapters.kraken import frames
from zoe.adapters.kraken.feed import FeedReader
from zoe.adapters.kraken.shelf import Precision
from zoe.messages.market import BookBroken, FrameNotUnderstood
from zoe.runtime.message import Message


@attrs.frozen
class Decoded:
    """One frame: what kind it was and what became of it.

    Attributes:
        checksum: Whether every checksum in it was right; None where it carried none.
    """

    line: int
    channel: str | None
    type: str | None
    symbol: str | None
    checksum: bool | None
    error: str | None
    messages: tuple[Message, ...] = attrs.field(repr=lambda said: str(len(said)))


class _AnyFrame(msgspec.Struct):
    channel: str | None = None
    method: str | None = None
    type: str | None = None
    symbol: str | None = None
    data: object = None


_ANY = msgspec.json.Decoder(_AnyFrame)


def precisions(recorded: Iterable[bytes]) -> dict[str, Precision]:
    """The most decimals that each pair's book showed: a guess, since zeros may be dropped."""
    found: dict[str, Precision] = {}
    for payload in recorded:
        try:
            frame = frames.FRAME.decode(payload)
            rows = frames.BOOK.decode(frame.data) if frame.channel == "book" else []
        except frames.UNREADABLE:
            continue
        for row in rows:
            price, qty = found.get(row.symbol, (0, 0))
            for level in (*row.bids, *row.asks):
                price = max(price, _decimals(level.price))
                qty = max(qty, _decimals(level.qty))
            found[row.symbol] = (price, qty)
    return found


def _decimals(value: object) -> int:
    exponent = value.as_tuple().exponent if hasattr(value, "as_tuple") else 0
    return max(0, -exponent) if isinstance(exponent, int) else 0


def decode(
    recorded: Iterable[bytes], reader: FeedReader, received_ns: int = 0
) -> Iterator[Decoded]:
    """Each frame through ``reader``, with what became of it."""
    for number, payload in enumerate(recorded, 1):
        before = _sums(reader)
        messages = tuple(reader.feed(payload, received_ns))
        yield _decoded(number, payload, messages, before, _sums(reader))


def _decoded(
    line: int,
    payload: bytes,
    messages: tuple[Message, ...],
    before: tuple[int, int],
    after: tuple[int, int],
) -> Decoded:
    error = next((m.error for m in messages if isinstance(m, FrameNotUnderstood)), None)
    broken = next((m.reason for m in messages if isinstance(m, BookBroken)), None)
    checksum = None if before == after else after[1] == before[1]
    try:
        frame = _ANY.decode(payload)
    except frames.UNREADABLE:
        frame = _AnyFrame()
    name = frame.channel or frame.method
    symbol = frame.symbol or _symbol(frame.data)
    return Decoded(line, name, frame.type, symbol, checksum, error or broken, messages)


def channel_of(payload: bytes) -> str:
    """The channel that a frame is of, or that it answers about; empty where it says none."""
    try:
        frame = frames.FRAME.decode(payload)
        if frame.channel is not None:
            return frame.channel
        told = bytes(frame.result)
        return (frames.RESULT.decode(told).channel or "") if told else ""
    except frames.UNREADABLE:
        return ""


def _symbol(data: object) -> str | None:
    if isinstance(data, list) and data and isinstance(data[0], dict):
        symbol = data[0].get("symbol")
        return symbol if isinstance(symbol, str) else None
    return None


def _sums(reader: FeedReader) -> tuple[int, int]:
    counts = reader.verified.values()
    return sum(v.equal for v in counts), sum(v.different for v in counts)


def line_of(decoded: Decoded) -> str:
    """The line that ``zoe wire decode`` prints."""
    checksum = {None: None, True: "ok", False: "bad"}[decoded.checksum]
    row = {
        "line": decoded.line,
        "channel": decoded.channel,
        "type": decoded.type,
        "symbol": decoded.symbol,
        "checksum": checksum,
        "error": decoded.error,
    }
    return json.dumps(row, separators=(",", ":"))
