"""Messages of the RiskOfficer: the trading state and who may change it."""

from typing import ClassVar

import attrs

from zoe.domain.flatten import Plan
from zoe.domain.risk import TradingState
from zoe.runtime.address import Address
from zoe.runtime.message import Lane, Message


@attrs.frozen
class SetTradingState(Message):
    """Change the trading state, durably; ``reply_to`` hears when it is in force, if anybody.

    Attributes:
        instead_of: Only where this is why the present state is in force: another wish that came
            meanwhile stays, and nobody hears of this one.
    """

    lane: ClassVar[Lane] = Lane.CONTROL
    state: TradingState
    why: str
    key: str
    reply_to: Address | None
    instead_of: str | None = None


@attrs.frozen
class StopTrading(Message):
    """The desk is about to stop: no new orders from here on; says nothing of the next start.

    ``reply_to`` hears TradingStopped when the last order that was approved has gone to OrderDesk.
    """

    lane: ClassVar[Lane] = Lane.CONTROL
    reply_to: Address | None = None


@attrs.frozen
class TradingStopped(Message):
    """Nothing more is approved; what was is on its way already."""


@attrs.frozen
class AssetsDisputed(Message):
    """Whose balances are not the exchange's, and nothing explains it: all of them, each time."""

    assets: tuple[str, ...]


@attrs.frozen
class TradingStateChanged(Message):
    """The trading state in force.

    Attributes:
        canceled: Intents whose cancels the change has caused: they did not reduce.
    """

    state: TradingState
    canceled: tuple[str, ...] = ()


@attrs.frozen
class SetLatch(Message):
    """Close (or open) the Gateway to adds; jumps its queue."""

    lane: ClassVar[Lane] = Lane.CONTROL
    closed: bool
    reason: str


@attrs.frozen
class LatchSet(Message):
    """From here on the Gateway obeys the latch."""

    closed: bool


@attrs.frozen
class WatchTradingState(Message):
    """Tell the sender the trading state now and after each change."""


@attrs.frozen
class ReportRisk(Message):
    """Tell the sender limits in use, positions, equity and breaker."""


@attrs.frozen
class RiskReported(Message):
    """JSON text: it is shown and not calculated with."""

    text: str


@attrs.frozen
class PlanFlatten(Message):
    """Tell the sender what would close the desk's positions.

    Attributes:
        everything: Sell every balance instead, whoever bought it.
        as_if_canceled: Ahead of the cancels of our own working orders: as it will be after them.
    """

    ref: int
    everything: bool = False
    as_if_canceled: bool = False


@attrs.frozen
class FlattenPlanned(Message):
    """Orders that would close positions, and what would be left, with reasons."""

    ref: int
    plan: Plan
