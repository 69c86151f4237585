"""Tickers that a desk's reader holds: of each pair the newest is told, some pairs at a time."""

from hypothesis import given
from hypothesis import strategies as st

from zoe.adapters.kraken.feed import FeedReader, Telling
from zoe.adapters.kraken.held_tickers import SLICE
from zoe.messages.market import FeedAlive, FrameNotUnderstood, Tickers, TickerSeen
from zoe.runtime.message import Message

MS = 1_000_000
HEARTBEAT = b'{"channel":"heartbeat"}'


def ticker(pair: int, bid: int, *, spaced: bool = False) -> bytes:
    """In the exchange's own form, or in one that is read at once."""
    text = (
        f'{{"channel":"ticker","type":"update","data":[{{"symbol":"P{pair}/USD","bid":{bid}.5,"bid_qty":1.0,'
        f'"ask":{bid + 1}.5,"ask_qty":1.0,"last":{bid}.5,"volume":7.0}}]}}'
    )
    return (text.replace(",", ", ") if spaced else text).encode()


def reader() -> FeedReader:
    one = FeedReader(10, {}, Telling("scout/0", 250 * MS))
    list(one.feed_all([HEARTBEAT], 1_000 * MS))
    return one


def parts(one: FeedReader, ms: int, *frames: bytes) -> list[list[Message]]:
    return [list(said) for said in one.feed_all(frames, (1_000 + ms) * MS)]


def test_tickers_of_the_whole_market_are_told_some_at_a_time_behind_what_is_more_urgent() -> None:
    one = reader()
    assert parts(one, 10, *(ticker(pair, 5) for pair in range(2 * SLICE + 1))) == [[], []]
    quotes, life, *slices = parts(one, 260, HEARTBEAT)
    assert [type(news) for news in (*quotes, *life)] == [FeedAlive, FeedAlive]
    told = [news for said in slices for news in said]
    assert [type(news) for news in told] == [Tickers] * 3
    sizes = [len(news.tickers) for news in told if isinstance(news, Tickers)]
    assert sizes == [SLICE, SLICE, 1]


def test_a_ticker_that_makes_no_sense_costs_no_other() -> None:
    one = reader()
    wrong = ticker(2, 5).replace(b"5.5", b'"x"')
    parts(one, 10, ticker(1, 5), wrong, ticker(3, 5))
    _, _, (unread, told) = parts(one, 260, HEARTBEAT)
    assert isinstance(unread, FrameNotUnderstood)
    assert isinstance(told, Tickers)
    assert [each.symbol for each in told.tickers] == ["P1/USD", "P3/USD"]


FRAMES = st.lists(
    st.tuples(st.integers(0, 2 * SLICE), st.integers(1, 9), st.booleans(), st.integers(0, 150)),
    max_size=120,
)


@given(FRAMES, st.integers(1, 60))
def test_tickers_that_came_together_come_to_what_they_come_to_one_by_one(
    drawn: list[tuple[int, int, bool, int]], together: int
) -> None:
    """The newest of each pair at the end, and none after a newer one."""
    alone, joined = reader(), reader()
    at_ms = 0
    newest: dict[str, TickerSeen] = {}
    last: dict[str, TickerSeen] = {}
    frames = [(ticker(pair, bid, spaced=spaced), ms) for pair, bid, spaced, ms in drawn]
    reads = [frames[first : first + together] for first in range(0, len(frames), together)]
    for read in (*reads, [(HEARTBEAT, 300)]):
        at_ms += sum(ms for _, ms in read)
        payloads = [payload for payload, _ in read]
        for payload in payloads:
            said = alone.feed(payload, (1_000 + at_ms) * MS)
            newest |= {news.symbol: news for news in said if isinstance(news, TickerSeen)}
        for news in (news for part in parts(joined, at_ms, *payloads) for news in part):
            for each in news.tickers if isinstance(news, Tickers) else (news,):
                if isinstance(each, TickerSeen):
                    before = last.get(each.symbol)
                    assert before is None or before.received_ns <= each.received_ns
                    last[each.symbol] = each
    assert last == newest
