"""Messages of the RiskOfficer: the trading state and who may change it."""

from typing import ClassVar

import attrs

from zoe.domain.risk import TradingState
from zoe.runtime.address import Address
from zoe.runtime.message import Lane, Message


@attrs.frozen
class SetTradingState(Message):
    """Change the trading state, durably; ``reply_to`` hears when it is in force."""

    lane: ClassVar[Lane] = Lane.CONTROL
    state: TradingState
    why: str
    key: str
    reply_to: Address


@attrs.frozen
class StopTrading(Message):
    """The desk is about to stop: no new orders from here on; says nothing of the next start."""

    lane: ClassVar[Lane] = Lane.CONTROL


@attrs.frozen
class TradingStateChanged(Message):
    """The trading state in force."""

    state: TradingState
    why: str


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
    reason: str


@attrs.frozen
class WatchTradingState(Message):
    """Tell the sender the trading state now and after each change."""
