"""The catalogue: pairs with all their names, steps and minimums, as one immutable snapshot."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Literal

import attrs

from zoe.domain.quantity import (
    EXACT,
    is_multiple,
    multiple_above,
    multiple_below,
    plain,
    scaled,
)

#: In these states a pair takes new limit orders (facts sheet, section 4.3).
TRADABLE = frozenset({"online", "limit_only", "post_only"})
#: Of a pair that the exchange will not trade again; its orders it has ended itself.
DELISTED = "delisted"
#: Pairs that are known: four times what the exchange lists, whatever symbols somebody invents.
MOST_PAIRS: Final = 5_000
#: Of a number that is told to people without an exponent.
_MOST_DIGITS: Final = 30


@attrs.frozen
class Instrument:
    """One pair.

    Attributes:
        symbol: WebSocket v2 name, ``BTC/USD``; the name zoe uses.
        price_increment: Prices of orders are multiples of it; may be coarser than the precision.
        qty_min: Smallest quantity of an order, in base.
        cost_min: Smallest price times quantity of an order, in quote.
        rest_id: Key in REST answers, ``XXBTZUSD``; None where only the stream described the pair.
    """

    symbol: str
    base: str
    quote: str
    status: str
    price_precision: int
    price_increment: Decimal
    qty_precision: int
    qty_increment: Decimal
    qty_min: Decimal
    cost_precision: int
    cost_min: Decimal
    rest_id: str | None = None
    altname: str | None = None
    wsname: str | None = None

    def price_of(self, units: int) -> Decimal:
        """A price that is counted in the pair's last digits."""
        return scaled(units, self.price_precision)

    def quantity_of(self, units: int) -> Decimal:
        """A quantity that is counted in the pair's last digits."""
        return scaled(units, self.qty_precision)

    def worth_of(self, price: int, quantity: int) -> Decimal:
        """Price times quantity in quote, both counted in the pair's last digits."""
        return Decimal(price * quantity).scaleb(-self.price_precision - self.qty_precision)

    def round_price(self, price: Decimal, direction: Literal["down", "up"]) -> Decimal:
        """The nearest price that an order may have, in the stated direction."""
        rounded = multiple_below if direction == "down" else multiple_above
        return rounded(price, self.price_increment)

    def round_quantity_down(self, quantity: Decimal) -> Decimal:
        """The largest quantity that an order may have and that is not above ``quantity``."""
        return multiple_below(quantity, self.qty_increment)

    def quantity_worth(self, notional: Decimal, price: Decimal) -> Decimal:
        """The largest quantity that an order may have and that costs at most ``notional``."""
        if notional < 0:
            raise ValueError(f"a notional must not be negative, not {notional}")
        lots = EXACT.divide_int(notional, EXACT.multiply(price, self.qty_increment))
        return EXACT.multiply(lots, self.qty_increment)

    def check_order(self, quantity: Decimal, price: Decimal | None) -> str | None:
        """What is wrong with an order of this size and price, None where nothing is."""
        if self.status not in TRADABLE:
            return f"{self.symbol} is {self.status}"
        if not is_multiple(quantity, self.qty_increment):
            return f"quantity {_shown(quantity)} is not a multiple of {_shown(self.qty_increment)}"
        if quantity < self.qty_min:
            return f"quantity {_shown(quantity)} is below the minimum {_shown(self.qty_min)}"
        if price is None:
            return None
        if not is_multiple(price, self.price_increment):
            return f"price {_shown(price)} is not a multiple of {_shown(self.price_increment)}"
        if price * quantity < self.cost_min:
            return f"cost {_shown(price * quantity)} is below the minimum {_shown(self.cost_min)}"
        return None


def _shown(number: Decimal) -> str:
    """As people write it, unless that would fill their screen."""
    return plain(number) if abs(number.adjusted()) < _MOST_DIGITS else str(number)


def _read_only(pairs: Mapping[str, Instrument]) -> Mapping[str, Instrument]:
    return MappingProxyType(dict(pairs))


@attrs.frozen
class Catalog:
    """Every pair by its symbol, with a version that grows with each change."""

    version: int
    instruments: Mapping[str, Instrument] = attrs.field(
        converter=_read_only, repr=lambda pairs: str(len(pairs))
    )
    _names: Mapping[str, str] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        names: dict[str, str] = {}
        # The pair that is called so comes before one that is only also known as that.
        for kind in ("wsname", "altname", "rest_id", "symbol"):
            for pair in self.instruments.values():
                name: str | None = getattr(pair, kind)
                if name is not None:
                    names[name.upper()] = pair.symbol
        object.__setattr__(self, "_names", names)

    def find(self, name: str) -> Instrument | None:
        """The pair of any of its names, None for an unknown one."""
        symbol = self._names.get(name.upper())
        return None if symbol is None else self.instruments[symbol]

    def merge(self, changed: Iterable[Instrument]) -> "Catalog":
        """This catalogue with newer rows; the same object when nothing differs.

        The stream does not know REST's names: those that are known are kept. Pairs that come when there
        are MOST_PAIRS are left out.
        """
        merged = dict(self.instruments)
        for pair in changed:
            known = merged.get(pair.symbol)
            if known is None and len(merged) >= MOST_PAIRS:
                continue
            if known is not None and pair.rest_id is None:
                names = (known.rest_id, known.altname, known.wsname)
                rest_id, altname, wsname = names
                pair = attrs.evolve(pair, rest_id=rest_id, altname=altname, wsname=wsname)
            merged[pair.symbol] = pair
        if merged == dict(self.instruments):
            return self
        return Catalog(self.version + 1, merged)
