"""What every store of bars promises, on PostgreSQL and in memory."""

import itertools
from collections.abc import Callable
from decimal import Decimal
from functools import cache

import attrs
import pytest
import stores
from bar_store import MemoryBars

from zoe.domain.bars import MINUTE_NS, Bar
from zoe.ports.bar_store import BarStore, PairBar
from zoe.store.bars import PostgresBars
from zoe.store.connection import Database

T0 = 28_000_000 * MINUTE_NS
_MARKETS = itertools.count(1)
PRICE = Decimal("50000.1")
ONE = PairBar(
    "BTC/USD",
    Bar(T0, PRICE, PRICE, PRICE, PRICE, Decimal("0.00000001"), PRICE, 3, whole=True),
    "trades",
)


@cache
def one_database() -> Database:
    return stores.fresh_database()


def on_postgres() -> BarStore:
    return PostgresBars(one_database(), f"market {next(_MARKETS)}")


@pytest.fixture(params=[MemoryBars, on_postgres])
def store(request: pytest.FixtureRequest) -> BarStore:
    make: Callable[[], BarStore] = request.param
    return make()


def at(minute: int, pair: str = "BTC/USD", trades: int = 3, *, whole: bool = True) -> PairBar:
    begin_ns = T0 + minute * MINUTE_NS
    bar = attrs.evolve(ONE.bar, begin_ns=begin_ns, trades=trades, whole=whole)
    return attrs.evolve(ONE, pair=pair, bar=bar)


def test_whole_bars_are_found_by_their_pair_and_time(store: BarStore) -> None:
    assert store.keep([]) == 0
    assert store.keep([at(2), at(0), at(1, whole=False), at(3, "ETH/USD"), at(4)]) == 5
    assert store.whole("BTC/USD", T0, T0 + 4 * MINUTE_NS) == (T0, T0 + 2 * MINUTE_NS)
    assert store.whole("XRP/USD", T0, T0 + 4 * MINUTE_NS) == ()


def test_the_same_again_is_no_news(store: BarStore) -> None:
    assert store.keep([at(0), at(1)]) == 2
    assert store.keep([at(0), at(1), at(2)]) == 1


def test_of_one_minute_the_whole_bar_counts_more_then_the_one_of_more_trades(
    store: BarStore,
) -> None:
    assert store.keep([at(0, trades=9, whole=False)]) == 1
    assert store.keep([at(0, trades=2)]) == 1
    assert store.keep([at(0, trades=50, whole=False)]) == 0
    assert store.keep([at(0, trades=1)]) == 0
    assert store.keep([at(0, trades=3)]) == 1
    assert store.whole("BTC/USD", T0, T0 + 1) == (T0,)


def test_a_batch_may_have_a_minute_twice(store: BarStore) -> None:
    assert store.keep([at(0, trades=4), at(0, trades=5), at(0, trades=2)]) == 1
    assert store.keep([at(0, trades=5)]) == 0


def test_stored_bars_keep_every_digit() -> None:
    store = on_postgres()
    store.keep([ONE])
    sql = "SELECT open, volume, trades FROM bar WHERE market = :m"
    found = one_database().run(lambda c: c.run(sql, m=f"market {next(_MARKETS) - 1}"))
    assert found == [[PRICE, Decimal("0.00000001"), 3]]
