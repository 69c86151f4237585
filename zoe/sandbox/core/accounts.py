"""Accounts, their keys and tokens."""

from collections import defaultdict
from functools import lru_cache
from typing import Final

import attrs

from zoe.sandbox.core.moments import SECOND_NS
from zoe.sandbox.core.orders import LedgerRow, Order, Trade
from zoe.sandbox.core.volumes import Volume

#: As Kraken's key page groups them; the default is all but ``withdraw``.
PERMISSIONS: Final = (
    "query-funds",
    "deposit",
    "withdraw",
    "query-open-orders",
    "query-closed-orders",
    "modify-orders",
    "cancel-orders",
    "query-ledger",
    "export",
    "create-ws-token",
)
DEFAULT_PERMISSIONS: Final = frozenset(PERMISSIONS) - {"withdraw"}
TOKEN_SECONDS: Final = 900


@attrs.define(eq=False)
class Counter:
    """A level that decays with time."""

    level: int = 0
    at_ns: int = 0

    def at(self, now_ns: int, decay: int) -> int:
        """The level by now; ``decay`` is what it loses in a nanosecond."""
        self.level = max(0, self.level - (now_ns - self.at_ns) * decay)
        self.at_ns = now_ns
        return self.level


@attrs.define(eq=False)
class Account:
    """Balances, holds, orders and history of one client."""

    name: str
    tier: str
    balances: defaultdict[str, int] = attrs.Factory(lambda: defaultdict(int))
    holds: defaultdict[str, int] = attrs.Factory(lambda: defaultdict(int))
    orders: dict[str, Order] = attrs.Factory(dict)
    open: dict[str, Order] = attrs.Factory(dict)
    closed: list[Order] = attrs.Factory(list)
    by_cl_ord_id: dict[str, Order] = attrs.Factory(dict)
    trades: dict[str, tuple[Trade, Order]] = attrs.Factory(dict)
    ledger: list[LedgerRow] = attrs.Factory(list)
    ledger_times: dict[str, int] = attrs.Factory(dict)
    dead_man_ns: int = 0
    volume: Volume = attrs.Factory(Volume)
    #: Which rate limits are for it; see config.LIMITS.
    limits: str = "both"
    counters: defaultdict[str, Counter] = attrs.Factory(lambda: defaultdict(Counter))
    open_by_pair: defaultdict[str, int] = attrs.Factory(lambda: defaultdict(int))

    def available(self, asset: str) -> int:
        """What an order may still claim."""
        return self.balances[asset] - self.holds[asset]

    def open_order(self, order: Order) -> None:
        """A new order of this account."""
        self.orders[order.order_id] = self.open[order.order_id] = order
        self.open_by_pair[order.terms.pair.symbol] += 1
        if order.terms.cl_ord_id is not None:
            self.by_cl_ord_id[same_id(order.terms.cl_ord_id)] = order

    def close_order(self, order: Order) -> None:
        """An order has ended; its client's id may be used again."""
        self._shut(order)
        self.closed.append(order)

    def forget_order(self, order: Order) -> None:
        """Forgets an order, as if it had never been, but for its trades."""
        self._shut(order)
        del self.orders[order.order_id]

    def _shut(self, order: Order) -> None:
        del self.open[order.order_id]
        self.open_by_pair[order.terms.pair.symbol] -= 1
        if order.terms.cl_ord_id is not None:
            del self.by_cl_ord_id[same_id(order.terms.cl_ord_id)]

    def take_part(self, order: Order, trade: Trade) -> None:
        """An order of this account traded."""
        order.take_part(trade)
        self.trades[trade.exec_id] = (trade, order)

    def book(self, row: LedgerRow) -> None:
        """A balance changes."""
        self.balances[row.asset] = row.balance
        self.ledger.append(row)
        self.ledger_times[row.ledger_id] = row.at_ns
        traded = self.trades.get(row.ref_id)
        if traded is not None:
            traded[0].ledgers.append(row.ledger_id)

    def hold(self, order: Order, asset: str, amount: int) -> None:
        """The order claims this much from here on."""
        self.holds[asset] += amount - order.held
        order.held = amount


@attrs.frozen
class Funding:
    """A deposit, a withdrawal or another event of the admin's, by its reference.

    Attributes:
        amount: What arrives or is sent; for deposits and withdrawals without sign.
        asked_ns: When it began.
    """

    account: str
    ref_id: str
    type: str
    asset: str
    amount: int
    fee: int
    method: str = ""
    status: str = "Success"
    status_prop: str = ""
    asked_ns: int = 0

    @property
    def is_final(self) -> bool:
        """Whether nothing more becomes of it."""
        return self.status == "Failure"


@attrs.define(eq=False)
class ApiKey:
    """A key and the last nonce it was used with."""

    key: str
    secret: str = attrs.field(repr=False)
    account: str
    permissions: frozenset[str]
    nonce: int = 0
    #: How far below the highest a nonce may be.
    nonce_window: int = 0
    calls: Counter = attrs.Factory(Counter)
    #: Invalid nonces and signatures since the last valid request.
    failures: int = 0
    locked_until_ns: int = 0


@attrs.define(eq=False)
class Token:
    """What a socket shows instead of a signature; ``uses`` are live subscriptions by it."""

    key: ApiKey
    expires_ns: int
    uses: int = 0

    def is_valid(self, now_ns: int) -> bool:
        """A token does not expire while a subscription made with it is kept (facts, 2.3)."""
        return self.uses > 0 or self.expires_ns >= now_ns


class Accounts:
    """All accounts of the exchange, with their keys, tokens and fundings."""

    def __init__(self) -> None:
        self.by_name: dict[str, Account] = {}
        self.keys: dict[str, ApiKey] = {}
        self.fundings: dict[str, Funding] = {}
        self._tokens: dict[str, Token] = {}

    def of(self, order: Order) -> Account:
        """The account that an order belongs to."""
        return self.by_name[order.account]

    def give_token(self, token: str, key: ApiKey, now_ns: int) -> None:
        """Valid from here on; those that nobody used in time are forgotten."""
        gone = [name for name, kept in self._tokens.items() if not kept.is_valid(now_ns)]
        for name in gone:
            del self._tokens[name]
        self._tokens[token] = Token(key, now_ns + TOKEN_SECONDS * SECOND_NS)

    def forget_tokens(self, key: ApiKey) -> None:
        """None of the key's tokens is valid any more."""
        gone = [name for name, kept in self._tokens.items() if kept.key is key]
        for name in gone:
            del self._tokens[name]

    def key_of(self, token: str, now_ns: int) -> ApiKey | None:
        """The key behind a token that is still valid."""
        found = self._tokens.get(token)
        return found.key if found is not None and found.is_valid(now_ns) else None

    def use_token(self, token: str, by: int) -> None:
        """A subscription by it begins (1) or ends (-1)."""
        found = self._tokens.get(token)
        if found is not None:
            found.uses += by


@lru_cache(maxsize=4096)  # one order is looked for by it again and again
def same_id(cl_ord_id: str) -> str:
    """What two ids must share to be the same: dashes and case of a UUID do not count.

    The exchange keeps them as 128-bit numbers (facts, 1.8).
    """
    plain = cl_ord_id.replace("-", "").lower()
    return plain if len(plain) == 32 else cl_ord_id
