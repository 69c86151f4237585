"""Money: a signed amount of one asset. Two assets never mix."""

from decimal import Decimal

import attrs

from zoe.domain.quantity import finite, plain


@attrs.frozen
class Money:
    """A signed amount of one asset, for example ``Money("USD", Decimal("-12.5"))``."""

    asset: str
    amount: Decimal = attrs.field(validator=finite)

    def __add__(self, other: "Money") -> "Money":
        if not isinstance(other, Money) or other.asset != self.asset:
            return NotImplemented
        return Money(self.asset, self.amount + other.amount)

    def __sub__(self, other: "Money") -> "Money":
        if not isinstance(other, Money) or other.asset != self.asset:
            return NotImplemented
        return Money(self.asset, self.amount - other.amount)

    def __neg__(self) -> "Money":
        return Money(self.asset, -self.amount)

    def __str__(self) -> str:
        return f"{plain(self.amount)} {self.asset}"
