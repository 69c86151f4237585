"""Every frame of a book leads a client to the exchange's own book, checksum and all."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from sandbox_streams import WITH_HOUSE, Step, carry_out, clients_of
from sandbox_trial import Mirror, Trial

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
                for level in ladder.levels.values():
                    assert level.total == sum(one.left for one in level.queue.values()) > 0
    resting = [
        (order.terms.pair.symbol, order.terms.side, order.terms.price, order.left)
        for account in trial.exchange.world.accounts.by_name.values()
        for order in account.open.values()
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
