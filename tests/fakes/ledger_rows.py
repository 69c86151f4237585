"""Accounts that never were: seeded ledger rows of every kind that the exchange writes, and what an
independent hand says they did.

The truth is written down while the rows are made, from the wish and not from the rows: quantities
and worths of what came and went, event by event. It shares no code with the books but the rows
themselves and the width of a unit.
"""

import random
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Final

import attrs

from zoe.domain.ledger_row import ONE, LedgerRow
from zoe.domain.marks import Mark

START_NS: Final = 1_700_000_000 * 10**9
HOUR_NS: Final = 3_600 * 10**9
MILLISECOND_NS: Final = 1_000_000
DAY_NS: Final = 24 * HOUR_NS
#: USD at the beginning, in cents.
PRICES: Final = {
    "EUR": 108,
    "USDT": 100,
    "BTC": 4_000_000,
    "ETH": 220_000,
    "DOT": 650,
    "SOL": 9_000,
    "ADA": 45,
    "AAPLx": 19_000,
}
TRADED: Final = ("BTC", "ETH", "DOT", "SOL", "ADA")
QUOTES: Final = ("USD", "USD", "USD", "EUR", "USDT", "BTC")
#: Wallets that only ever hold what nobody could pair.
ODD: Final = ("LUNA2", "FTT")
IN: Final = "in"
OUT: Final = "out"


@attrs.frozen
class Moved:
    """What the independent hand wrote down: so much came or went, and what it was worth.

    Attributes:
        why: ``trade``, ``deposit``, ``income``, ``fee``, ``transfer_out`` or ``reversed_income``.
        worth: Units of USD; None for what left without gain.
    """

    event: str
    time_ns: int
    direction: str
    asset: str
    quantity: int
    worth: int | None
    why: str


class Accounts:
    """Makes rows until somebody has enough."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.rows: list[LedgerRow] = []
        self.truth: list[Moved] = []
        self.balances: dict[str, int] = {}
        self.declared: dict[str, int] = {}
        self.kinds: dict[str, int] = {}
        self._now_ns = START_NS
        self._prices: dict[str, list[int]] = {asset: [cents] for asset, cents in PRICES.items()}
        self._later: list[tuple[int, Callable[[], object]]] = []
        self._number = 0
        self._events = 0
        self._choices = tuple(name for name, weight in WEIGHTS.items() for _ in range(weight))

    def make(self, events: int) -> "Accounts":
        """So many more events; failed withdrawals come back after the last one at the latest."""
        if not self.rows:
            self._deposit("USD", 500_000 * ONE)
            self._deposit("EUR", 50_000 * ONE)
        for _ in range(events):
            self._event(self.random.choice(self._choices))
        for _, happen in self._later:
            self._pass_time()
            happen()
        self._later.clear()
        return self

    def marks(self) -> list[Mark]:
        """The hourly marks of everything that has a price."""
        return [
            Mark(asset, Decimal(cents) / 100, START_NS + hour * HOUR_NS, "made", f"{asset}/USD")
            for asset, prices in self._prices.items()
            for hour, cents in enumerate(prices)
        ]

    def _event(self, name: str) -> None:
        self._pass_time()
        while self._later and self._later[0][0] <= self._now_ns:
            self._later.pop(0)[1]()
            self._pass_time()
        self._events += 1
        self.kinds[name] = self.kinds.get(name, 0) + 1
        getattr(self, f"_{name}")()

    def _pass_time(self) -> None:
        self._now_ns += self.random.randrange(20, 120_000) * MILLISECOND_NS

    def _price(self, asset: str) -> int:
        """Cents, by the hour."""
        if asset == "USD":
            return 100
        prices, hour = self._prices[asset], (self._now_ns - START_NS) // HOUR_NS
        while len(prices) <= hour:
            last = prices[-1]
            drift = self.random.randrange(-15, 16)
            prices.append(max(1, last + last * drift // 1000) if asset != "USDT" else 100)
        return prices[hour]

    def _worth(self, asset: str, quantity: int) -> int:
        return quantity * self._price(asset) // 100

    def _id(self) -> str:
        self._number += 1
        return f"L{self.random.randrange(36**5):05X}-{self._number:07d}"

    def _refid(self, letter: str = "T") -> str:
        return f"{letter}{self._events:07d}-{self.random.randrange(10**6):06d}"

    def _row(
        self, refid: str, words: str, wallet: str, amount: int, fee: int = 0, *, at_ns: int = 0
    ) -> LedgerRow:
        """Adds a row; ``words`` are type and subtype."""
        kind, _, subtype = words.partition("/")
        balance = self.balances.get(wallet, 0) + amount - fee
        assert balance >= 0 or wallet in ODD, (wallet, balance)
        self.balances[wallet] = balance
        row = LedgerRow(
            *(self._id(), refid, at_ns or self._now_ns, kind, subtype, wallet),
            *(amount, fee, balance),
        )
        self.rows.append(row)
        return row

    def _note(self, direction: str, asset: str, quantity: int, worth: int | None, why: str) -> None:
        if asset != "USD":
            event = f"E{self._events}"
            self.truth.append(Moved(event, self._now_ns, direction, asset, quantity, worth, why))

    def _have(self, wallet: str) -> int:
        return self.balances.get(wallet, 0)

    def _some(self, asset: str) -> int:
        """A part of what the spot wallet holds; now and then all of it."""
        held = self._have(asset)
        if self.random.randrange(40) == 0:
            return held
        return held * self.random.randrange(1, 60) // 100

    def _buy(self) -> None:
        """An asset for a quote, with the fee in the quote."""
        base, quote = self.random.choice(TRADED), self.random.choice(QUOTES)
        spent = self._have(quote) // self.random.randrange(20, 200)
        if base == quote or not spent:
            return self._deposit("USD", 1_000 * ONE)
        got = spent * self._price(quote) // self._price(base)
        fee = spent * 26 // 10_000
        return self._swap((base, got, 0), (quote, -spent, fee))

    def _sell(self) -> None:
        base, quote = self.random.choice(TRADED), self.random.choice(QUOTES)
        given = self._some(base)
        got = given * self._price(base) // self._price(quote)
        if base == quote or not got:
            return self._buy()
        return self._swap((base, -given, 0), (quote, got, got * 26 // 10_000))

    def _swap(self, *legs: tuple[str, int, int], words: str = "trade") -> None:
        """A trade in legs (wallet, amount, fee), whose rows come at times of their own."""
        refid = self._refid()
        apart = self.random.choice((0, 0, 0, 1_100_000, 9_900_000))
        for place, (wallet, amount, fee) in enumerate(legs):
            kind = words
            if words == "spend":
                kind = "spend" if amount < 0 else "receive"
            self._row(refid, kind, wallet, amount, fee, at_ns=self._now_ns + place * apart)
        nets: dict[str, int] = {}
        for wallet, amount, fee in legs:
            asset = wallet.partition(".")[0]
            if asset != "KFEE":
                nets[asset] = nets.get(asset, 0) + amount - fee
        self._note_trade({asset: net for asset, net in nets.items() if net})

    def _note_trade(self, nets: dict[str, int]) -> None:
        order = ("USD", "EUR", "USDT", "BTC", "ETH")
        anchor = min(nets, key=lambda a: (order.index(a) if a in order else 9, a))
        worth = self._worth(anchor, abs(nets[anchor]))
        if len(nets) == 1:
            worth = 0
        for asset, net in sorted(nets.items(), key=lambda item: item[1] > 0):
            self._note(IN if net > 0 else OUT, asset, abs(net), worth, "trade")

    def _base_fee(self) -> None:
        """The fee in the asset that was bought: a smaller lot, and dust later."""
        base, spent = self.random.choice(TRADED), self._have("USD") // 300
        got = spent * 100 // self._price(base)
        self._swap((base, got, got * 26 // 10_000 + 1), ("USD", -spent, 0))

    def _credit_fee(self) -> None:
        """The fee in credits, and one in the quote: two fees of one trade."""
        if self._have("KFEE") < 100 * ONE:
            self._row(self._refid("K"), "transfer", "KFEE", 10_000 * ONE)
        base, spent = self.random.choice(TRADED), self._have("USD") // 300
        got = spent * 100 // self._price(base)
        self._swap((base, got, 0), ("USD", -spent, spent // 1000), ("KFEE", 0, 3 * ONE))

    def _instant(self) -> None:
        """Spend and receive, with a fee on either side."""
        base, spent = self.random.choice(TRADED), self._have("EUR") // 100
        got = spent * self._price("EUR") // self._price(base)
        if not got:
            return self._deposit("EUR", 1_000 * ONE)
        legs = [(base, got, got // 500), ("EUR", -spent, spent // 700)]
        self.random.shuffle(legs)
        return self._swap(*legs, words="spend")

    def _equal_legs(self) -> None:
        """The same number on both legs, which does not cancel: they are two assets."""
        amount = self._have("USD") // 1_000
        self._swap(("USDT", amount, 0), ("USD", -amount, 0), words="spend")

    def _two_wallets(self) -> None:
        """One sale out of the spot wallet and the earn wallet."""
        spot, earn = self._have("DOT") // 3, self._have("DOT.F") // 3
        got = self._worth("DOT", spot + earn)
        if not spot or not earn:
            return self._allocate()
        return self._swap(("DOT", -spot, 0), ("DOT.F", -earn, 0), ("USD", got, got // 400))

    def _tokenized(self) -> None:
        """Four legs; those of USD cancel."""
        spent = self._have("USDT") // 50
        got = spent * 100 // self._price("AAPLx")
        dollars = self._worth("USDT", spent)
        if not got:
            return self._equal_legs()
        return self._swap(
            *(("USDT", -spent, 0), ("USD", dollars, 0), ("USD", -dollars, 0), ("AAPLx", got, 0)),
            words="spend",
        )

    def _dust(self) -> None:
        """One leg only."""
        base = self.random.choice(TRADED)
        if self._have(base) > 7:
            self._swap((base, -7, 0))

    def _one_moment(self) -> None:
        """Two trades of one time: what the first buys the second sells."""
        spent = self._have("USD") // 500
        got = spent * 100 // self._price("SOL")
        if not got:
            return
        for sign in (1, -1):
            refid = self._refid()
            self._row(refid, "trade", "USD", -sign * spent, spent // 400)
            self._row(refid, "trade", "SOL", sign * got)
            worth = spent + sign * (spent // 400)
            self._note(IN if sign > 0 else OUT, "SOL", got, worth, "trade")
            self._events += 1

    def _deposit(self, wallet: str = "", amount: int = 0) -> None:
        asset = wallet or self.random.choice(("USD", "EUR", "BTC", "ETH", "DOT"))
        cents = 100 if asset == "USD" else self._price(asset)
        quantity = amount or self.random.randrange(10_000, 500_000) * ONE // cents
        fee = quantity // 5_000 if self.random.randrange(5) == 0 else 0
        row = self._row(self._refid("Q"), "deposit", asset, quantity, fee)
        worth = self._worth(asset, quantity - fee)
        if asset != "USD" and self.random.randrange(3) == 0:
            worth = self.declared[row.ledger_id] = worth * 7 // 10
        self._note(IN, asset, quantity - fee, worth, "deposit")

    def _withdrawal(self) -> None:
        asset = self.random.choice(("USD", "EUR", "BTC", "ETH", "DOT"))
        amount, fee = self._have(asset) // 30, self._have(asset) // 9_000
        if not fee:
            return self._deposit(asset)
        self._row(self._refid("A"), "withdrawal", asset, -amount, fee)
        self._note(OUT, asset, amount, None, "transfer_out")
        return self._note(OUT, asset, fee, self._worth(asset, fee), "fee")

    def _failed_withdrawal(self) -> None:
        """Comes back up to a day later, the fee too: it never was."""
        asset = self.random.choice(("USD", "BTC", "ETH"))
        amount, fee, refid = self._have(asset) // 50, self._have(asset) // 9_000, self._refid("F")
        if not fee:
            return self._deposit(asset)
        self._row(refid, "withdrawal", asset, -amount, fee)
        due = self._now_ns + self.random.randrange(DAY_NS)
        back = partial(self._row, refid, "withdrawal", asset, amount, -fee)
        self._later.append((due, back))
        return self._later.sort(key=lambda item: item[0])

    def _reward(self) -> None:
        words = self.random.choice(("staking", "earn/reward", "reward"))
        wallet = self.random.choice(("DOT.S", "DOT28.S", "ETH", "SOL"))
        refid = self.random.choice((self._refid("R"), "Unknown"))
        amount = self.random.randrange(10**6, 10**9)
        fee = amount // 7 if self.random.randrange(3) == 0 else 0
        self._row(refid, words, wallet, amount, fee)
        asset = "DOT" if wallet.startswith("DOT") else wallet
        self._note(IN, asset, amount - fee, self._worth(asset, amount - fee), "income")

    def _negative_reward(self) -> None:
        amount = min(self._have("DOT.S"), 10**6)
        if not amount:
            return self._reward()
        self._row(self._refid("R"), "earn/reward", "DOT.S", -amount)
        return self._note(OUT, "DOT", amount, self._worth("DOT", amount), "reversed_income")

    def _allocate(self) -> None:
        """Between the spot wallet and an earning one, and back: nothing for the lots."""
        to_earn, back = "earn/allocation", "earn/deallocation"
        if self.random.randrange(2):
            to_earn, back = "transfer/spottostaking", "transfer/spotfromstaking"
        amount, source, target, words = self._have("DOT") // 5, "DOT", "DOT.F", to_earn
        if self.random.randrange(3) == 0:
            amount, source, target, words = self._have("DOT.F") // 2, "DOT.F", "DOT", back
        if not amount:
            return self._deposit("DOT")
        refid = "Unknown" if words.startswith("earn") else self._refid("M")
        self._row(refid, words, source, -amount)
        self._row(refid, words, target, amount)
        return None

    def _odd(self) -> None:
        """Adjustments, delistings, unknown types: suspense until a person says what they were."""
        words = self.random.choice(
            ("adjustment", "transfer/delistingconversion", "transfer/", "earn/", "newfangled/thing")
        )
        self._row(self._refid("Z"), words, self.random.choice(ODD), self.random.randrange(1, 10**9))


#: How often each kind of event comes; two in three are plain trades.
WEIGHTS: Final = {
    "buy": 38,
    "sell": 30,
    "base_fee": 3,
    "credit_fee": 2,
    "instant": 3,
    "equal_legs": 1,
    "two_wallets": 1,
    "tokenized": 1,
    "dust": 1,
    "one_moment": 1,
    "deposit": 5,
    "withdrawal": 4,
    "failed_withdrawal": 1,
    "reward": 5,
    "negative_reward": 1,
    "allocate": 2,
    "odd": 1,
}
