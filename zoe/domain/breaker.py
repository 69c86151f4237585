"""The drawdown breaker: what the account is worth, and when it has lost too much.

Equity is what the balances come to at the middle of fresh quotes against one currency. An asset
without such a quote is left out, and said. What was deposited or withdrawn, what was held already
and can be valued from now on, and what was given for an asset that is left out, or got for it,
moves the marks that losses are measured from: it is neither gain nor loss. A purchase of what was
not held moves nothing.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any, Final

import attrs

from zoe.domain.amounts import amounts_of, less, plain_amounts
from zoe.domain.exposure import BPS, ZERO
from zoe.domain.quantity import plain

DAY_NS: Final = 86_400_000_000_000
#: So many seconds in a row a loss must stand: one odd quote is none.
STRIKES: Final = 3
_ONE: Final = Decimal(1)


@attrs.frozen
class Held:
    """What an account holds at a moment.

    Attributes:
        balances: By asset, all wallets together.
        moved: By asset, what has come in less what has gone out otherwise than by trades, counted
            from one moment in the past that stays the same.
    """

    balances: Mapping[str, Decimal]
    moved: Mapping[str, Decimal] = attrs.field(factory=dict)


@attrs.frozen
class Equity:
    """What the balances that can be valued come to.

    Attributes:
        prices: What one unit of an asset is worth in the currency, of those with a fresh quote.
        values: By asset.
        unvalued: Assets that are held and have no fresh quote.
        amount: The sum.
    """

    currency: str
    held: Held
    prices: Mapping[str, Decimal] = attrs.field(repr=False)
    values: Mapping[str, Decimal]
    unvalued: tuple[str, ...] = ()
    amount: Decimal = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "amount", sum(self.values.values(), ZERO))


def value(held: Held, marks: Mapping[str, Decimal], currency: str) -> Equity:
    """What the balances are worth.

    Args:
        marks: What one unit of an asset is worth in the currency.
    """
    prices = {**marks, currency: _ONE}
    values: dict[str, Decimal] = {}
    unvalued: list[str] = []
    for asset, amount in held.balances.items():
        if not amount:
            continue
        price = prices.get(asset)
        if price is None:
            unvalued.append(asset)
        else:
            values[asset] = amount * price
    return Equity(currency, held, prices, values, tuple(sorted(unvalued)))


@attrs.frozen
class Breaker:
    """What losses are measured from.

    Attributes:
        day: Of the opening equity: days since 1970, UTC.
        high: The highest equity.
        valued: Assets that are in both.
        held: What was held at the last look; None where an older row does not say.
        strikes: How often in a row a limit was passed.
    """

    day: int
    opening: Decimal
    high: Decimal
    valued: frozenset[str]
    held: Held | None = None
    strikes: int = 0

    def observe(self, now_ns: int, equity: Equity) -> "Breaker | None":
        """The breaker after a look; None while what it depends on cannot be valued: an asset that is
        in its marks, or one of them that was moved or traded for one that is not."""
        if not self.sees(equity):
            return None
        new = equity.values.keys() - self.valued
        day, amount = now_ns // DAY_NS, equity.amount
        if day == self.day and amount <= self.high and not new and equity.held == self.held:
            return self
        shift = self._shift(equity, new)
        if shift is None:
            return None
        opening = self.opening + shift if day == self.day else amount
        high = max(self.high + shift, amount)
        return Breaker(day, opening, high, self.valued | new, equity.held, self.strikes)

    def _shift(self, equity: Equity, new: AbstractSet[str]) -> Decimal | None:
        """What has changed the equity since the last look and is neither gain nor loss."""
        if self.held is None:
            return sum((equity.values[asset] for asset in new), ZERO)
        before, now = self.held, equity.held
        inside = self.valued | new
        moved = less(now.moved, before.moved)
        traded = less(less(now.balances, before.balances), moved)
        seen_first = {asset: before.balances.get(asset, ZERO) for asset in new}
        shifts = [moved, seen_first]
        if not traded.keys() <= inside:
            # Given for what is left out, or got for it: as if it had been withdrawn or deposited.
            shifts.append(traded)
        found = ZERO
        for amounts in shifts:
            for asset in amounts.keys() & inside:
                price = equity.prices.get(asset)
                if price is None:
                    return None
                found += amounts[asset] * price
        return found

    def sees(self, equity: Equity) -> bool:
        """Whether all that is in its marks can be valued."""
        return self.valued.isdisjoint(equity.unvalued)

    def loss_bps(self, equity: Equity) -> tuple[Decimal, Decimal]:
        """What of the day's opening, and what of the highest equity, is lost."""
        return _lost(self.opening, equity.amount), _lost(self.high, equity.amount)


def begin(now_ns: int, equity: Equity) -> Breaker:
    """A breaker that measures from here on."""
    amount = equity.amount
    return Breaker(now_ns // DAY_NS, amount, amount, frozenset(equity.values), equity.held)


def passed(breaker: Breaker, equity: Equity, daily_bps: int, drawdown_bps: int) -> str | None:
    """Which limit the losses are beyond, with values; None where none is. 0: no limit."""
    losses = breaker.loss_bps(equity)
    names, limits = ("daily loss", "drawdown"), (daily_bps, drawdown_bps)
    for name, loss, limit, base in zip(
        names, losses, limits, (breaker.opening, breaker.high), strict=True
    ):
        if limit and loss > limit:
            now, before = plain(equity.amount), plain(base)
            return f"{name} {loss} bps, limit {limit}: {now} {equity.currency} after {before}"
    return None


def to_body(breaker: Breaker, currency: str) -> dict[str, Any]:
    """As a journal row keeps it."""
    body: dict[str, Any] = {
        "currency": currency,
        "day": breaker.day,
        "opening": plain(breaker.opening),
        "high": plain(breaker.high),
        "valued": sorted(breaker.valued),
    }
    if breaker.held is not None:
        body["balances"] = plain_amounts(breaker.held.balances)
        body["moved"] = plain_amounts(breaker.held.moved)
    return body


def from_body(body: Mapping[str, Any], currency: str) -> Breaker | None:
    """From a journal row; None where its marks are in another currency than is counted in."""
    if body.get("currency", currency) != currency:
        return None
    held = None
    if "balances" in body:
        held = Held(amounts_of(body["balances"]), amounts_of(body["moved"]))
    return Breaker(
        int(body["day"]),
        Decimal(body["opening"]),
        Decimal(body["high"]),
        frozenset(body["valued"]),
        held,
    )


def _lost(base: Decimal, amount: Decimal) -> Decimal:
    if base <= 0:
        return ZERO
    return ((base - amount) * BPS / base).quantize(Decimal(1)) if amount < base else ZERO
