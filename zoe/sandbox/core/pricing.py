"""Prices as clients give them, absolute or relative to the last one (facts, 1.7 and 2.10)."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.errors import invalid
from zoe.sandbox.core.money import from_number, from_text, nearest
from zoe.sandbox.core.world import World

_RELATIVE: Final = re.compile(r"([+\-#])(\d{1,20}(?:\.\d{1,20})?)(%?)", re.ASCII)
_PERCENT_PLACES: Final = 8
_HUNDRED: Final = 100 * 10**_PERCENT_PLACES


def rest_units(params: Mapping[str, str], name: str, places: int) -> int:
    """A number in text, as units."""
    try:
        return from_text(params.get(name, ""), places)
    except ValueError:
        raise invalid(name) from None


def socket_units(params: Mapping[str, Any], name: str, places: int) -> int:
    """A JSON number, as units."""
    units = _signed(params, name, places)
    if units < 0:
        raise invalid(name)
    return units


def _signed(params: Mapping[str, Any], name: str, places: int) -> int:
    try:
        return from_number(params.get(name, Decimal("NaN")), places)
    except ValueError:
        raise invalid(name) from None


class Pricing:
    """Reads prices of one order.

    Args:
        toward: Where ``#`` goes: 1 up, -1 down.
    """

    def __init__(self, world: World, pair: Pair, toward: int) -> None:
        self._pair = pair
        self._last = world.last_price.get(pair.symbol)
        self._toward = toward

    def rest(self, params: Mapping[str, str], name: str) -> int:
        """``37500``, ``+50``, ``-50``, ``#50`` or any of the last three with ``%``."""
        value = params.get(name, "")
        if value[:1] not in ("+", "-", "#"):
            return rest_units(params, name, self._pair.price_decimals)
        found = _RELATIVE.fullmatch(value)
        if found is None:
            raise invalid(name)
        places = _PERCENT_PLACES if found[3] else self._pair.price_decimals
        offset = rest_units({name: found[2]}, name, places)
        sign = {"+": 1, "-": -1}.get(found[1], self._toward)
        return self._beside(name, sign * offset, percent=bool(found[3]))

    def socket(self, params: Mapping[str, Any], name: str, kind: object) -> int:
        """A number that is a price (``static``), an offset (``quote``) or percents (``pct``)."""
        match kind:
            case "static":
                return socket_units(params, name, self._pair.price_decimals)
            case "quote":
                return self._beside(name, _signed(params, name, self._pair.price_decimals))
            case "pct":
                offset = _signed(params, name, _PERCENT_PLACES)
                return self._beside(name, offset, percent=True)
            case _:
                raise invalid(f"{name}_type")

    def _beside(self, name: str, offset: int, *, percent: bool = False) -> int:
        """So far from the last price, on the nearest step."""
        if self._last is None:
            raise invalid(name)
        if percent:
            moved = nearest(self._last * abs(offset), _HUNDRED)
            offset = moved if offset > 0 else -moved
        price, tick = self._last + offset, self._pair.tick
        if price <= 0:
            raise invalid(name)
        return nearest(price, tick) * tick
