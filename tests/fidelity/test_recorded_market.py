"""A recorded book and a snapshot of every pair, through the public reader."""

import json
import re
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.adapters.kraken import recording
from zoe.adapters.kraken.feed import FeedReader
from zoe.adapters.kraken.recorded_frames import Recording
from zoe.messages.market import BookBroken, FrameNotUnderstood, InstrumentsChanged, Quote

BTC = {"BTC/USD": (1, 8)}


def test_every_checksum_of_the_recorded_book_is_equal(recorded_book: Path) -> None:
    reader = FeedReader(10, BTC)
    told = [message for frame in Recording(recorded_book) for message in reader.feed(frame, 0)]
    assert [type(message) for message in told] == [Quote] * 510
    (verified,) = reader.verified.values()
    assert (verified.equal, verified.different) == (510, 0)


def test_precisions_can_be_guessed_from_the_recording_itself(recorded_book: Path) -> None:
    assert recording.precisions(Recording(recorded_book)) == BTC


def test_the_books_best_prices_are_those_of_an_independent_book(recorded_book: Path) -> None:
    sides: dict[str, dict[float, float]] = {}
    reader = FeedReader(10, BTC)
    for payload in Recording(recorded_book):
        (quote,) = reader.feed(payload, 5)
        row = json.loads(payload)["data"][0]
        if json.loads(payload)["type"] == "snapshot":
            sides = {"bids": {}, "asks": {}}
        for name, side in sides.items():
            side.update({level["price"]: level["qty"] for level in row[name]})
            best_first = sorted((p for p, q in side.items() if q), reverse=name == "bids")
            sides[name] = {price: side[price] for price in best_first[:10]}
        assert isinstance(quote, Quote)
        assert (quote.live, quote.received_ns) == (True, 5)
        assert quote.bid == round(next(iter(sides["bids"])) * 10)
        assert quote.ask == round(next(iter(sides["asks"])) * 10)


class Plain:
    """The book as the exchange's guide tells to keep it: numbers written out, then summed."""

    def __init__(self) -> None:
        self.sides: dict[str, dict[Decimal, Decimal]] = {"asks": {}, "bids": {}}

    def agrees(self, payload: bytes) -> bool:
        """Applies a frame, and says whether its checksum is that of the book."""
        frame = json.loads(payload, parse_float=Decimal)
        row = frame["data"][0]
        for name, side in self.sides.items():
            kept = {} if frame["type"] == "snapshot" else side
            kept |= {Decimal(level["price"]): Decimal(level["qty"]) for level in row[name]}
            best_first = sorted((p for p, q in kept.items() if q), reverse=name == "bids")
            self.sides[name] = {price: kept[price] for price in best_first[:10]}
        text = "".join(
            f"{number:.{decimals}f}".replace(".", "").lstrip("0")
            for side in self.sides.values()
            for level in side.items()
            for number, decimals in zip(level, (1, 8), strict=True)
        )
        return bool(zlib.crc32(text.encode()) == row["checksum"])


def renamed(payload: bytes, symbol: str) -> bytes:
    return payload.replace(b'"BTC/USD"', f'"{symbol}"'.encode())


def flipped(payload: bytes, which: int, by: int) -> bytes:
    """The frame with one digit changed: behind a point, or the last of the checksum."""
    text = payload.decode()
    numbers = re.finditer(r'"(?:price|qty)":\s*\d+\.(\d+)|"checksum":\s*\d*(\d)', text)
    spots = [spot for m in numbers for spot in range(*m.span(m.lastindex or 0))]
    spot = spots[which % len(spots)]
    digit = str((int(text[spot]) + by) % 10)
    return (text[:spot] + digit + text[spot + 1 :]).encode()


@given(st.integers(0, 509), st.integers(0, 10**6), st.integers(1, 9))
def test_a_flipped_digit_is_found_and_breaks_only_its_own_pair(
    recorded_book: Path, at: int, which: int, by: int
) -> None:
    *before, last = tuple(Recording(recorded_book))[: at + 1]
    reader, plain = FeedReader(10, BTC | {"TWIN/USD": (1, 8)}), Plain()
    for payload in before:
        assert plain.agrees(payload)
        for symbol in ("BTC/USD", "TWIN/USD"):
            (quote,) = reader.feed(renamed(payload, symbol), 1)
            assert isinstance(quote, Quote)
    wrong = flipped(last, which, by)
    said = list(reader.feed(wrong, 1))
    # A level that falls out of the ten at once may say what it likes.
    if plain.agrees(wrong):
        assert [type(m) for m in said] == [Quote]
    else:
        assert said[0] == BookBroken("BTC/USD", "checksum")
        assert [m.live for m in said[1:] if isinstance(m, Quote)] == [False]
        assert reader.verified["BTC/USD"].different == 1
    (other,) = reader.feed(renamed(last, "TWIN/USD"), 1)
    assert isinstance(other, Quote) and other.live
    assert reader.verified["TWIN/USD"].different == 0


def test_after_a_break_changes_are_ignored_until_the_new_snapshot(recorded_book: Path) -> None:
    frames = tuple(Recording(recorded_book))
    reader = FeedReader(10, BTC)
    list(reader.feed(frames[0], 1))
    assert next(iter(reader.feed(frames[2], 1))) == BookBroken("BTC/USD", "checksum")
    assert list(reader.feed(frames[3], 1)) == []
    (quote,) = reader.feed(frames[0], 1)
    assert isinstance(quote, Quote)
    assert isinstance(next(iter(reader.feed(frames[1], 1))), Quote)


def test_the_snapshot_of_every_pair_loads(instrument_snapshot: bytes) -> None:
    said = list(FeedReader().feed(instrument_snapshot, 1))
    (news,) = said
    assert isinstance(news, InstrumentsChanged)
    rows: list[dict[str, Any]] = json.loads(instrument_snapshot)["data"]["pairs"]
    assert len(news.instruments) == len(rows) == 683
    for pair, row in zip(news.instruments, rows, strict=True):
        assert pair.symbol == row["symbol"]
        assert float(pair.price_increment) == row["price_increment"]
        assert float(pair.qty_min) == row["qty_min"]
        assert pair.rest_id is None


def test_books_wait_for_the_instrument_that_says_how_to_read_them(
    recorded_book: Path, instrument_snapshot: bytes
) -> None:
    frames = tuple(Recording(recorded_book))
    reader = FeedReader(10)
    for payload in frames[:3]:
        assert list(reader.feed(payload, 1)) == []
    said = list(reader.feed(instrument_snapshot, 1))
    assert isinstance(said[0], InstrumentsChanged)
    assert len([m for m in said if isinstance(m, Quote)]) == 1  # as they stand after all three
    assert reader.verified["BTC/USD"].equal == 3
    assert reader.verified["BTC/USD"].equal == 3
    assert not [m for m in said if isinstance(m, FrameNotUnderstood)]


@pytest.mark.parametrize("damage", [b'"status":', b'"price_increment":'])
def test_one_pair_that_cannot_be_read_costs_no_other(
    instrument_snapshot: bytes, damage: bytes
) -> None:
    compact = json.dumps(json.loads(instrument_snapshot), separators=(",", ":")).encode()
    pairs = compact.index(b'"pairs":')
    damaged = compact[:pairs] + compact[pairs:].replace(damage, b'"nothing":', 1)
    said = list(FeedReader().feed(damaged, 1))
    assert [type(m) for m in said] == [FrameNotUnderstood, InstrumentsChanged]
    assert isinstance(said[1], InstrumentsChanged)
    assert len(said[1].instruments) == 682
