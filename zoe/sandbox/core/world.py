"""World: everything the exchange knows, shared by its parts."""

import random
from collections.abc import Callable
from typing import Final

import attrs

from zoe.sandbox.core.accounts import Accounts
from zoe.sandbox.core.catalog import Catalog, Pair
from zoe.sandbox.core.config import Config
from zoe.sandbox.core.ids import Ids
from zoe.sandbox.core.journal import Journal
from zoe.sandbox.core.matching import Books
from zoe.sandbox.core.timers import Timers
from zoe.sandbox.core.triggers import Triggers

#: Trade numbers are reserved in the journal in blocks, since trades of the house are not in it.
RESERVED_AT_ONCE: Final = 1_000
PAIR_STATUSES: Final = (
    *("online", "cancel_only", "post_only", "limit_only", "reduce_only", "maintenance"),
    *("delisted", "work_in_progress"),
)
#: In these nobody trades.
HALTED: Final = frozenset({"maintenance", "cancel_only"})
STATUSES: Final = ("online", "maintenance", "cancel_only", "post_only", "limit_only")


@attrs.define(eq=False)
class World:
    """Everything the exchange knows."""

    config: Config
    catalog: Catalog
    journal: Journal
    now_ns: int
    ids: Ids
    random: random.Random
    accounts: Accounts = attrs.Factory(Accounts)
    books: Books = attrs.Factory(Books)
    timers: Timers = attrs.Factory(Timers)
    status: str = "online"
    last_price: dict[str, int] = attrs.Factory(dict)
    trade_ids: dict[str, int] = attrs.Factory(dict)
    reserved: dict[str, int] = attrs.Factory(dict)
    numbers: int = 0
    #: States of pairs that differ from the catalogue's.
    pair_status: dict[str, str] = attrs.Factory(dict)
    triggers: dict[str, Triggers] = attrs.Factory(dict)
    #: Pairs with waiting orders whose last price was set lately.
    stirred: set[str] = attrs.Factory(set)
    #: Rows of ledgers that REST tells wrong, and how.
    spoiled_rows: dict[str, str] = attrs.Factory(dict)

    #: What waits for the end of maintenance.
    afterwards: list[Callable[[], None]] = attrs.Factory(list)

    def status_of(self, pair: Pair) -> str:
        """The pair's state by now."""
        return self.pair_status.get(pair.symbol, pair.status)

    def priced(self, symbol: str, price: int) -> None:
        """Something was traded at this price."""
        self.last_price[symbol] = price
        waiting = self.triggers.get(symbol)
        if waiting is not None:
            waiting.saw(price)
            self.stirred.add(symbol)

    def next_trade_id(self, pair: Pair) -> int:
        """The pair's next public trade number."""
        trade_id = self.trade_ids.get(pair.symbol, 0) + 1
        if trade_id > self.reserved.get(pair.symbol, 0):
            self.reserved[pair.symbol] = trade_id + RESERVED_AT_ONCE - 1
            self.journal.write(
                "trade_ids", self.now_ns, symbol=pair.symbol, reserved=self.reserved[pair.symbol]
            )
        self.trade_ids[pair.symbol] = trade_id
        return trade_id

    def next_number(self) -> int:
        """A number for what stands in a queue."""
        self.numbers += 1
        return self.numbers


def new_world(config: Config, journal: Journal, now_ns: int) -> World:
    """A world without accounts.

    Raises:
        ValueError: The catalogue makes no sense.
    """
    catalog = Catalog(config.assets, config.pairs)
    return World(config, catalog, journal, now_ns, Ids(config.seed), random.Random(config.seed))
