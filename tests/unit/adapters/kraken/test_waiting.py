"""Changes of books of pairs that no instrument has told of: kept for a while, never without end."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.adapters.kraken import waiting
from zoe.adapters.kraken.feed import FeedReader, Telling
from zoe.adapters.kraken.frames import TextBookRow, TextLevel
from zoe.adapters.kraken.waiting import Waiting
from zoe.messages.market import BookBroken, FeedAlive, InstrumentsChanged, Quote
from zoe.runtime.message import Message

LEVEL = TextLevel(msgspec.Raw(b"1.5"), msgspec.Raw(b"2"))
PAIR = (
    '{"symbol":"X/Y","base":"X","quote":"Y","status":"online","qty_precision":2,"qty_increment":0.01,'
    '"qty_min":1,"price_precision":2,"price_increment":0.01,"cost_precision":2,"cost_min":1}'
)
INSTRUMENT = f'{{"channel":"instrument","type":"snapshot","data":{{"pairs":[{PAIR}]}}}}'.encode()
ROWS = st.tuples(st.sampled_from("ABC"), st.integers(0, 6), st.booleans())


def book(symbol: str, kind: str = "update", crc: int = 0) -> bytes:
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{symbol}","bids":[],"asks":[],'
        f'"checksum":{crc}}}]}}'
    ).encode()


def let_go(said: list[Message]) -> int:
    """As the newest sign of life says."""
    return [news.let_go for news in said if isinstance(news, FeedAlive)][-1]


@given(st.lists(st.tuples(ROWS, st.booleans()), max_size=60))
def test_nothing_is_kept_beyond_the_bounds_and_what_is_kept_is_in_order(
    steps: list[tuple[tuple[str, int, bool], bool]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "MOST_LEVELS", 12)
        patch.setattr(waiting, "MOST_OF_PAIR", 4)
        kept, came = Waiting(), 0
        meant: dict[str, list[int]] = {symbol: [] for symbol in "ABC"}
        for number, ((symbol, levels, snapshot), takes) in enumerate(steps):
            row = TextBookRow(symbol=symbol, bids=[LEVEL] * levels, checksum=number)
            if snapshot:
                meant[symbol] = []
            came += 1
            before = kept.let_go
            kept.keep(row, snapshot=snapshot)
            meant[symbol] = [*meant[symbol], number] if kept.let_go == before else []
            if takes:
                assert [row.checksum for _, row in kept.take(symbol)] == meant[symbol]
                meant[symbol] = []
        left = [row for symbol in "ABC" for _, row in kept.take(symbol)]
        assert [row.checksum for row in left] == [n for each in meant.values() for n in each]
        assert sum(1 + len(row.bids) for row in left) <= 12
        assert kept.let_go <= came


def test_symbols_without_end_cost_no_memory_and_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "MOST_LEVELS", 100)
    reader = FeedReader(10, telling=Telling("public/0", 1))
    flood = [book(f"INVENTED{n}/USD") for n in range(150)]
    said = [news for part in reader.feed_all(flood, 1) for news in part]
    assert let_go(said) == 50
    assert not any(isinstance(news, BookBroken) for news in said), "nobody asked for them"


def test_a_pair_that_lost_its_place_in_a_flood_has_a_book_by_its_next_snapshot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "MOST_LEVELS", 10)
    reader = FeedReader()
    list(reader.feed(book("X/Y", "snapshot"), 1))
    list(reader.feed_all([book(f"INVENTED{n}/USD") for n in range(20)], 1))
    list(reader.feed(book("X/Y"), 1))
    said = list(reader.feed(INSTRUMENT, 2))
    assert [type(news) for news in said] == [InstrumentsChanged], "its changes alone are no book"
    (quote,) = reader.feed(book("X/Y", "snapshot"), 3)
    assert isinstance(quote, Quote) and quote.live
