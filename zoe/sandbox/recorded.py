"""RecordedMarket: the house places what a recording of the book and trade channels shows.

A recording is JSON Lines, one frame a line, or one object with ``init`` and ``updates``,
compressed by gzip or not. It is played at the speed of its timestamps, and from its beginning again
when it has ended.
"""

import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import attrs
import msgspec

from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.market import House
from zoe.sandbox.core.moments import SECOND_NS, parse_rfc3339
from zoe.sandbox.core.money import from_number
from zoe.sandbox.problems import CannotStart

_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
#: Before a row that says nothing of its time, and the longest pause that is kept.
_PAUSE_NS: Final = SECOND_NS // 10
_LONGEST_PAUSE_NS: Final = 5 * SECOND_NS
#: Rows shown in one step at most, so that nobody waits long for an answer.
_AT_ONCE: Final = 50
_LEAST_DEPTH: Final = 10
#: RFC 1952, 2.3.1: how every member of a gzip file begins.
_GZIP: Final = b"\x1f\x8b"
_SIDES: Final = {"bids": "buy", "asks": "sell"}

Frame = Mapping[str, Any]


@attrs.frozen
class Change:
    """A price level's new quantity (0: it is gone), or a trade."""

    side: str
    price: int
    qty: int


@attrs.frozen
class Moment:
    """One row of a frame.

    Attributes:
        pause_ns: Time since the row before it.
        kind: ``snapshot`` or ``update`` of a book, or ``trade``.
    """

    pause_ns: int
    symbol: str
    kind: str
    changes: tuple[Change, ...]


class RecordedMarket:
    """See core.market.MarketModel."""

    def __init__(self, moments: Sequence[Moment]) -> None:
        self._moments = moments
        snapshots = [moment for moment in moments if moment.kind == "snapshot"]
        #: Levels pushed out of the recorded depth are gone without a word (facts, 2.7).
        self._depth = max(map(_depth, snapshots), default=_LEAST_DEPTH)
        self._next = 0
        self._due_ns: int | None = None
        #: Another one is another exchange, in which nothing has been shown yet.
        self._house: House | None = None
        #: The house's order at each price, by symbol and side.
        self._orders: dict[tuple[str, str], dict[int, int]] = {}

    def next_ns(self) -> int | None:
        """See core.market.MarketModel."""
        return self._due_ns

    def step(self, now_ns: int, house: House) -> None:
        """See core.market.MarketModel."""
        if house is not self._house:
            self._house, self._next, self._due_ns = house, 0, now_ns
            self._orders.clear()
        due_ns = self._due_ns or now_ns
        for _ in range(_AT_ONCE):
            if due_ns > now_ns:
                break
            self._show(self._moments[self._next], house)
            self._next = (self._next + 1) % len(self._moments)
            due_ns = max(due_ns, now_ns - SECOND_NS) + self._moments[self._next].pause_ns
        self._due_ns = due_ns

    def _show(self, moment: Moment, house: House) -> None:
        if moment.kind == "trade":
            for change in moment.changes:
                house.take(moment.symbol, change.side, change.qty, change.price)
            return
        # What goes makes room first: a price may change sides within one frame.
        for side in _SIDES.values():
            orders = self._of(moment.symbol, side)
            named = [change.price for change in moment.changes if change.side == side]
            for price in list(orders) if moment.kind == "snapshot" else named:
                if price in orders:
                    house.cancel(moment.symbol, orders.pop(price))
        for change in moment.changes:
            if change.qty:
                number = house.place(moment.symbol, change.side, change.price, change.qty)
                self._of(moment.symbol, change.side)[change.price] = number
        self._cut(moment.symbol, house)

    def _cut(self, symbol: str, house: House) -> None:
        for side in _SIDES.values():
            orders = self._of(symbol, side)
            for price in sorted(orders, reverse=side == "buy")[self._depth :]:
                house.cancel(symbol, orders.pop(price))

    def _of(self, symbol: str, side: str) -> dict[int, int]:
        return self._orders.setdefault((symbol, side), {})


def from_file(path: Path, pairs: Sequence[Pair]) -> RecordedMarket:
    """The market of a recording.

    Raises:
        CannotStart: It cannot be read, or nothing in it is about these pairs.
    """
    try:
        frames = (frame for frame in _told(path) if isinstance(frame, dict))
        moments = tuple(_moments(frames, {pair.symbol: pair for pair in pairs}))
    except OSError as problem:
        raise CannotStart(f"recording {path}: {problem.strerror or problem}") from problem
    except (
        EOFError,
        zlib.error,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as problem:
        text = f"{type(problem).__name__}: {problem}"
        raise CannotStart(f"recording {path}: {text}") from problem
    if not moments:
        raise CannotStart(f"recording {path}: no book or trade frame of a listed pair")
    return RecordedMarket(moments)


def _told(path: Path) -> Iterator[Any]:
    """What a file tells, line by line where each line is a whole: a recording may be of any size."""
    with _opened(path) as file:
        lines = _lines(file)
        try:
            first = _DECODER.decode(next(lines, b"null"))
        except msgspec.DecodeError:  # one object, or one list, over many lines
            file.seek(0)
            first = _DECODER.decode(file.read())
            lines = iter(())
        if isinstance(first, dict) and "init" in first:
            yield from (first["init"], *first["updates"])
        else:
            yield from first if isinstance(first, list) else (first,)
        yield from map(_DECODER.decode, lines)


def _opened(path: Path) -> io.BufferedIOBase:
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
    return gzip.open(path) if packed else path.open("rb")


def _lines(file: io.BufferedIOBase) -> Iterator[bytes]:
    try:
        yield from (line for line in file if not line.isspace())
    except EOFError:
        return  # whoever recorded it was killed: what is whole of it is played


def _moments(frames: Iterable[Frame], pairs: Mapping[str, Pair]) -> Iterator[Moment]:
    before_ns: int | None = None
    for frame in frames:
        channel = frame.get("channel")
        if channel not in ("book", "trade"):
            continue
        kind = "trade" if channel == "trade" else frame["type"]
        # Trades of a snapshot have been made before the recording begins.
        rows = [] if kind == "trade" and frame["type"] == "snapshot" else frame["data"]
        for row in rows:
            pair = pairs.get(row["symbol"])
            if pair is None:
                continue
            at_ns = parse_rfc3339(row["timestamp"]) if "timestamp" in row else None
            pause_ns = _pause_ns(before_ns, at_ns)
            before_ns = at_ns or before_ns
            yield Moment(pause_ns, pair.symbol, kind, tuple(_changes(kind, row, pair)))


def _pause_ns(before_ns: int | None, at_ns: int | None) -> int:
    if before_ns is None or at_ns is None:
        return _PAUSE_NS
    return min(max(0, at_ns - before_ns), _LONGEST_PAUSE_NS)


def _changes(kind: str, row: Frame, pair: Pair) -> Iterator[Change]:
    if kind == "trade":
        yield _change(row["side"], row, pair)
        return
    for name, side in _SIDES.items():
        # A price may occur more than once: its last quantity counts.
        levels = {level["price"]: level for level in row[name]}
        for level in levels.values():
            yield _change(side, level, pair)


def _change(side: str, row: Frame, pair: Pair) -> Change:
    price = from_number(row["price"], pair.price_decimals)
    return Change(side, price, from_number(row["qty"], pair.qty_decimals))


def _depth(moment: Moment) -> int:
    sides = [change.side for change in moment.changes]
    return max(_LEAST_DEPTH, *map(sides.count, _SIDES.values()))
