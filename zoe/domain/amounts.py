"""Amounts by asset: added, compared, written and read."""

from collections.abc import Mapping
from decimal import Decimal

from zoe.domain.exposure import ZERO
from zoe.domain.quantity import plain

Amounts = Mapping[str, Decimal]


def added(amounts: Amounts, more: Amounts) -> dict[str, Decimal]:
    """The sums, those that are zero left out."""
    return _present({a: amounts.get(a, ZERO) + more.get(a, ZERO) for a in amounts.keys() | more})


def less(amounts: Amounts, taken: Amounts) -> dict[str, Decimal]:
    """The differences, those that are zero left out."""
    return _present({a: amounts.get(a, ZERO) - taken.get(a, ZERO) for a in amounts.keys() | taken})


def _present(amounts: Amounts) -> dict[str, Decimal]:
    return {asset: amount for asset, amount in amounts.items() if amount}


def plain_amounts(amounts: Amounts) -> dict[str, str]:
    """Writes amounts as ``plain`` does one."""
    return {asset: plain(amount) for asset, amount in amounts.items()}


def amounts_of(texts: Mapping[str, str]) -> dict[str, Decimal]:
    """Reads what ``plain_amounts`` wrote."""
    return {asset: Decimal(text) for asset, text in texts.items()}
