"""The drawdown breaker: what the account is worth, and when it has lost too much.

Equity is what the balances come to at the middle of fresh quotes against one currency. An asset
without such a quote is left out, and said; one that can be valued from now on, and whatever was
deposited or withdrawn, moves the marks that losses are measured from, and is no gain or loss.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import attrs

from zoe.domain.exposure import BPS, ZERO
from zoe.domain.quantity import plain

DAY_NS: Final = 86_400_000_000_000
#: So many seconds in a row a loss must stand: one odd quote is none.
STRIKES: Final = 3
_ONE: Final = Decimal(1)


@attrs.frozen
class Equity:
    """What the balances that can be valued come to.

    Attributes:
        values: By asset.
        unvalued: Assets that are held and have no fresh quote.
        amount: The sum.
    """

    currency: str
    values: Mapping[str, Decimal]
    unvalued: tuple[str, ...] = ()
    amount: Decimal = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "amount", sum(self.values.values(), ZERO))


def value(balances: Mapping[str, Decimal], marks: Mapping[str, Decimal], currency: str) -> Equity:
    """What the balances are worth.

    Args:
        marks: What one unit of an asset is worth in the currency.
    """
    values: dict[str, Decimal] = {}
    unvalued: list[str] = []
    for asset, amount in balances.items():
        if not amount:
            continue
        price = _ONE if asset == currency else marks.get(asset)
        if price is None:
            unvalued.append(asset)
        else:
            values[asset] = amount * price
    return Equity(currency, values, tuple(sorted(unvalued)))


@attrs.frozen
class Breaker:
    """What losses are measured from.

    Attributes:
        day: Of the opening equity: days since 1970, UTC.
        high: The highest equity.
        valued: Assets that are in both.
        strikes: How often in a row a limit was passed.
    """

    day: int
    opening: Decimal
    high: Decimal
    valued: frozenset[str]
    strikes: int = 0

    def observe(self, now_ns: int, equity: Equity, moved: Decimal = ZERO) -> "Breaker | None":
        """The breaker after a look; None while assets that are in its marks cannot be valued.

        Args:
            moved: What was deposited (less what was withdrawn) since the last look.
        """
        if not self.sees(equity):
            return None
        new = equity.values.keys() - self.valued
        day, amount = now_ns // DAY_NS, equity.amount
        if day == self.day and amount <= self.high and not new and not moved:
            return self
        shift = moved + sum((equity.values[asset] for asset in new), ZERO)
        opening = self.opening + shift if day == self.day else amount
        high = max(self.high + shift, amount)
        return Breaker(day, opening, high, self.valued | new, self.strikes)

    def sees(self, equity: Equity) -> bool:
        """Whether all that is in its marks can be valued."""
        return self.valued.isdisjoint(equity.unvalued)

    def loss_bps(self, equity: Equity) -> tuple[Decimal, Decimal]:
        """What of the day's opening, and what of the highest equity, is lost."""
        return _lost(self.opening, equity.amount), _lost(self.high, equity.amount)


def begin(now_ns: int, equity: Equity) -> Breaker:
    """A breaker that measures from here on."""
    amount = equity.amount
    return Breaker(now_ns // DAY_NS, amount, amount, frozenset(equity.values))


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
    return {
        "currency": currency,
        "day": breaker.day,
        "opening": plain(breaker.opening),
        "high": plain(breaker.high),
        "valued": sorted(breaker.valued),
    }


def from_body(body: Mapping[str, Any], currency: str) -> Breaker | None:
    """From a journal row; None where its marks are in another currency than is counted in."""
    if body.get("currency", currency) != currency:
        return None
    return Breaker(
        int(body["day"]), Decimal(body["opening"]), Decimal(body["high"]), frozenset(body["valued"])
    )


def _lost(base: Decimal, amount: Decimal) -> Decimal:
    if base <= 0:
        return ZERO
    return ((base - amount) * BPS / base).quantize(Decimal(1)) if amount < base else ZERO
