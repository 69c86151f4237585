"""What a View shows of ourselves: account, sleeve, working orders, fills and the pair's budget."""

import enum
from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.order import Side

ZERO: Final = Decimal(0)


class Stage(enum.Enum):
    """How far a working order is, as a strategy needs to know it."""

    RESTING = "resting"
    IN_FLIGHT = "in_flight"  # on its way, being amended or being canceled
    IN_DOUBT = "in_doubt"


@attrs.frozen(weakref_slot=False)
class WorkingOrder:
    """An own order of the View's strategy and pair that is not concluded.

    Attributes:
        key: The slot it fills.
        remaining: What may still be executed.
        age_ms: Since it was made or last amended.
        ahead: What is estimated to stand before it in the queue; None where nobody knows.
        trigger: What a resting stop waits for; None for any other order.
    """

    key: str
    side: Side
    price: int
    remaining: int
    stage: Stage = Stage.RESTING
    age_ms: int = 0
    ahead: int | None = None
    trigger: int | None = None


@attrs.frozen
class OwnFill:
    """One execution of the strategy's own.

    Attributes:
        exec_id: The exchange's id: a fill that is told twice counts once.
        fee_bps: What it cost, in bps of its own cost.
    """

    exec_id: str
    key: str
    side: Side
    price: int
    quantity: int
    at_ns: int
    fee_bps: Decimal
    is_maker: bool = True


@attrs.frozen(weakref_slot=False)
class Account:
    """What the strategy may use, and what trading costs.

    Attributes:
        sleeve: Base units that it bought itself, or was given, and may sell; those in its own
            working asks included, and never more than the account holds.
        owned: Base units that its own fills came to: more than the sleeve while the account's
            balance has not caught up with them; None where nobody says.
        sleeve_cost: What they cost, in quote.
        sleeve_since_ns: Since when it has held some without a pause.
        cash: Quote currency that it may spend in this pair: what is free, and what its own working
            bids of this pair hold; None while unknown.
        quote_usd: What one unit of the quote currency costs in USD; None where nobody says.
        equity_usd: The account's.
        pair_day_usd: What the strategy has won (lost: negative) in this pair since 00:00 UTC.
        strategy_day_usd: The same in all pairs.
        maker_fee_bps: Of this pair at the account's tier; None while unknown: the first tier.
    """

    sleeve: int = 0
    owned: int | None = None
    sleeve_cost: Decimal = ZERO
    sleeve_since_ns: int | None = None
    cash: Decimal | None = None
    quote_usd: Decimal | None = None
    equity_usd: Decimal | None = None
    pair_day_usd: Decimal = ZERO
    strategy_day_usd: Decimal = ZERO
    maker_fee_bps: Decimal | None = None
    taker_fee_bps: Decimal | None = None


NO_ACCOUNT: Final = Account()


@attrs.frozen
class Budget:
    """The pair's engine counter as it is predicted, in thousandths of a point.

    Attributes:
        ceiling_milli: What it may come to; above it everything is refused.
        reserve_milli: The part below the ceiling that is kept for cancels.
    """

    used_milli: int
    ceiling_milli: int
    reserve_milli: int

    @property
    def is_spent(self) -> bool:
        """Whether only cancels are left."""
        return self.used_milli >= self.ceiling_milli - self.reserve_milli
