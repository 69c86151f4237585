"""Book frames come to the same whether they are read at once or after all others, together or one by one."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from zoe.adapters.kraken.feed import FeedReader, Telling
from zoe.adapters.kraken.shelf import Verified
from zoe.domain.book import Book
from zoe.messages.market import BookBroken, FrameNotUnderstood, Quote, Quotes, TradePrints

NUMBERS = st.one_of(
    st.decimals(min_value=0, max_value=10**9, places=2).map(str),
    st.integers(0, 10**6).map(str),
    st.sampled_from(["0.0", "1e-05", "-1", "1.123", "007", "1.", "9" * 25, "NaN"]),
)
SIDES = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=4)


def text(symbol: str, bids: Any, asks: Any, crc: int, kind: str = "update") -> str:
    sides = [
        ",".join(f'{{"price":{price},"qty":{qty}}}' for price, qty in side) for side in (bids, asks)
    ]
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{symbol}","bids":[{sides[0]}],'
        f'"asks":[{sides[1]}],"checksum":{crc},"timestamp":"2026-01-02T03:04:05.000001Z"}}]}}'
    )


@given(st.lists(st.tuples(SIDES, SIDES), max_size=6))
@example([([("1.", "1.00")], [])])
@example([([], [("1", "0.")])])
@example([([("1.00", "1."), ("2.00", "1.00")], [("3", "1"), ("4.", "1")])])
def test_both_ways_to_read_a_book_come_to_the_same(changes: list[tuple[Any, Any]]) -> None:
    """The second reader is given the same frames with a space, by which none is known for a book's before it is decoded."""
    quick, slow = (FeedReader(10, {"X/Y": (2, 2)}) for _ in range(2))
    for reader in (quick, slow):
        reader.feed(text("X/Y", [], [], 0, "snapshot").encode(), 1)
    for bids, asks in changes:
        frame = text("X/Y", bids, asks, 0)
        spaced = frame.replace('{"channel":', '{ "channel":')
        said, other = (
            [
                # How a wrong frame is quoted may differ.
                type(news) if isinstance(news, FrameNotUnderstood) else news
                for news in reader.feed(sent.encode(), 2)
            ]
            for reader, sent in ((quick, frame), (slow, spaced))
        )
        assert said == other
    assert quick.verified.get("X/Y", Verified()) == slow.verified.get("X/Y", Verified())


def test_a_frame_of_five_megabytes_costs_its_pair_and_no_other() -> None:
    reader = FeedReader(10, {"X/Y": (2, 2), "Z/Y": (2, 2)})
    for symbol in ("X/Y", "Z/Y"):
        reader.feed(text(symbol, [], [], 0, "snapshot").encode(), 1)
    many = [(f"{n}.5", "1") for n in range(1, 200_001)]
    frame = text("X/Y", many, [], 0).encode()
    assert len(frame) > 5_000_000
    broken, gone = reader.feed(frame, 2)
    assert broken == BookBroken("X/Y", "200000 levels at once")
    assert isinstance(gone, Quote) and not gone.live
    (quote,) = reader.feed(text("Z/Y", [], [], 0).encode(), 3)
    assert isinstance(quote, Quote) and quote.live


def test_digits_without_end_are_no_price() -> None:
    reader = FeedReader(10, {"X/Y": (2, 2)})
    reader.feed(text("X/Y", [], [], 0, "snapshot").encode(), 1)
    said = list(reader.feed(text("X/Y", [("1" * 2_000_000, "1")], [], 0).encode(), 2))
    assert said


def market(changes: list[tuple[int, bool, int, int]]) -> list[bytes]:
    """Frames of two pairs with true checksums, but for those whose last figure is 0."""
    books = [Book(10), Book(10)]
    frames = [text(f"P{n}/Y", [], [], 0, "snapshot").encode() for n in range(2)]
    for which, is_bid, price, qty in changes:
        levels = [(price, qty)]
        bids, asks = (levels, []) if is_bid else ([], levels)
        books[which].update(bids, asks)
        shown = [[(f"{p / 100:.2f}", f"{q / 100:.2f}") for p, q in side] for side in (bids, asks)]
        crc = books[which].checksum() + (qty == 0 and price == 5)
        frames.append(text(f"P{which}/Y", shown[0], shown[1], crc).encode())
        trade = (
            f'{{"channel":"trade","type":"update","data":[{{"symbol":"P{which}/Y","side":"buy",'
            f'"price":{price}.5,"qty":1.25,"ord_type":"market","trade_id":{len(frames)},'
            f'"timestamp":"2026-01-02T03:04:05.000001Z"}}]}}'
        )
        frames.append(trade.encode())
    return frames


CHANGES = st.lists(
    st.tuples(st.integers(0, 1), st.booleans(), st.integers(1, 6), st.integers(0, 3)), max_size=25
)


@given(CHANGES, st.integers(1, 60))
def test_frames_that_came_together_come_to_what_they_come_to_one_by_one(
    changes: list[tuple[int, bool, int, int]], together: int
) -> None:
    """The newest quote of each pair, every broken book, every trade, and every checksum."""
    frames = market(changes)
    known = {"P0/Y": (2, 2), "P1/Y": (2, 2)}
    alone, joined = (FeedReader(10, known, Telling("x", 1_000)) for _ in range(2))
    one = [news for frame in frames for news in alone.feed(frame, 5)]
    many = [
        news
        for first in range(0, len(frames), together)
        for said in joined.feed_all(frames[first : first + together], 5)
        for news in said
    ]
    assert not any(isinstance(news, Quote) for news in many), "alone they would overtake the others"
    told = [quote for news in many if isinstance(news, Quotes) for quote in news.quotes]
    newest = [{n.symbol: n for n in said if isinstance(n, Quote)} for said in (one, told)]
    assert newest[0] == newest[1]
    broken = [[n for n in said if isinstance(n, BookBroken)] for said in (one, many)]
    assert broken[0] == broken[1]
    for symbol in known:
        prints = [
            [n for n in said if isinstance(n, TradePrints) and n.symbol == symbol]
            for said in (one, many)
        ]
        trades = [[trade for n in each for trade in n.trades] for each in prints]
        assert trades[0] == trades[1]
        assert [n.count for n in prints[0][-1:]] == [n.count for n in prints[1][-1:]]
    assert alone.verified == joined.verified
