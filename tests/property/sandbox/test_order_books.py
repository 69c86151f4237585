"""Every frame of a book leads a client to the exchange's own book, checksum and all."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sandbox_streams import WITH_HOUSE, Step, carry_out, clients_of
from sandbox_trial import START_NS, Mirror, Trial

from zoe.sandbox.core.market import House

STEPS = {"BTC/USD": (1, 8), "ETH/USD": (3, 8), "ETH/BTC": (5, 8)}


@given(WITH_HOUSE)
def test_every_checksum_is_equal_and_the_last_book_is_the_exchanges(steps: list[Step]) -> None:
    trial = Trial(balances={})
    clients = clients_of(trial)
    depths = (10, 25)
    sockets = [trial.open() for _ in depths]
    for socket, depth in zip(sockets, depths, strict=True):
        socket.ask("subscribe", channel="book", symbol=[*STEPS], depth=depth)
    for step in steps:
        carry_out(trial, clients, step)
    for socket, depth in zip(sockets, depths, strict=True):
        mirrors = {symbol: Mirror(depth, *places) for symbol, places in STEPS.items()}
        for frame in socket.channel("book"):
            row = frame["data"][0]
            assert mirrors[row["symbol"]].apply(frame), frame
            assert row["bids"] or row["asks"] or frame["type"] == "snapshot"
        fresh = trial.open()
        fresh.ask("subscribe", channel="book", symbol=[*STEPS], depth=depth)
        for frame in fresh.channel("book", "snapshot"):
            row = frame["data"][0]
            mirror = mirrors[row["symbol"]]
            assert mirror.bids == levels(row["bids"])
            assert mirror.asks == levels(row["asks"])


@given(WITH_HOUSE)
def test_a_book_is_never_crossed_and_holds_what_is_open(steps: list[Step]) -> None:
    trial = Trial(balances={})
    clients = clients_of(trial)
    for step in steps:
        carry_out(trial, clients, step)
        for book in trial.exchange.world.books.values():
            if book.bids.best is not None and book.asks.best is not None:
                assert book.bids.best < book.asks.best
            for ladder in (book.bids, book.asks):
                assert ladder.keys == sorted(ladder.sign * price for price in ladder.levels)
                for price, level in ladder.levels.items():
                    assert level.digits == f"{price}{level.total}"
                    assert level.total == sum(one.left for one in level.queue.values()) > 0
    resting = [
        (order.terms.pair.symbol, order.terms.side, order.terms.price, order.left)
        for account in trial.exchange.world.accounts.by_name.values()
        for order in account.open.values()
        if not order.waits
    ]
    queued = [
        (symbol, one.side, one.price, one.left)
        for symbol, book in trial.exchange.world.books.items()
        for ladder in (book.bids, book.asks)
        for level in ladder.levels.values()
        for one in level.queue.values()
        if one.order is not None
    ]
    assert sorted(resting) == sorted(queued)


def levels(rows: list[dict[str, Any]]) -> dict[Decimal, Decimal]:
    return {row["price"]: row["qty"] for row in rows}


#: Orders of the house over more prices than are shown: side, price and quantity; none: cancel one.
QUOTES = st.tuples(st.sampled_from(("buy", "sell")), st.integers(0, 40), st.integers(1, 5))
ACTS = st.lists(st.lists(st.one_of(QUOTES, QUOTES, st.integers(0, 50)), max_size=4), min_size=20)


class Traders:
    """A market that does what was drawn, one list of acts a second."""

    def __init__(self, acts: list[list[Any]]) -> None:
        self._left = list(acts)
        self._next_ns: int | None = START_NS

    def next_ns(self) -> int | None:
        return self._next_ns if self._left else None

    def step(self, now_ns: int, house: House) -> None:
        self._next_ns = now_ns + 10**9
        for act in self._left.pop(0):
            orders = house.orders("BTC/USD")
            match act:
                case (side, price, qty):
                    house.place("BTC/USD", side, 200_000 + price, qty * 10**7)
                case number if orders:
                    assert house.cancel("BTC/USD", list(orders)[number % len(orders)])
                case _:
                    assert not house.cancel("BTC/USD", 10**9)


@given(ACTS)
def test_levels_that_leave_and_enter_the_view_are_told_exactly(acts: list[list[Any]]) -> None:
    trial = Trial(market=Traders(acts))
    socket = trial.open()
    socket.ask("subscribe", channel="book", symbol=["BTC/USD"])
    trial.pass_time(len(acts) + 1)
    mirror = Mirror(10, 1, 8)
    for frame in socket.channel("book"):
        row = frame["data"][0]
        seen = {"bids": dict(mirror.bids), "asks": dict(mirror.asks)}
        assert mirror.apply(frame), frame
        if frame["type"] == "update":
            for side in ("bids", "asks"):
                assert all(seen[side].get(c["price"], 0) != c["qty"] for c in row[side]), frame
    book = trial.exchange.world.books["BTC/USD"]
    assert mirror.bids == {Decimal(p) / 10: Decimal(q) / 10**8 for p, q in book.bids.top(10)}
    assert mirror.asks == {Decimal(p) / 10: Decimal(q) / 10**8 for p, q in book.asks.top(10)}
