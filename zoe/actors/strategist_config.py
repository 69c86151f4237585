"""How a strategist of many pairs is configured; a part of that actor."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs

from zoe.actors.strategist_marks import mid_of
from zoe.domain.strategy.fair_value import Weighing
from zoe.domain.strategy.trader_params import Params as ScanParams
from zoe.domain.strategy.view import Engine, View


@attrs.frozen
class EngineConfig:
    """A strategy of many pairs under the name that its orders carry.

    Attributes:
        mode: As the configuration has it: off, shadow or live.
        pairs: Pairs that it is asked about always.
        code, params: What a decision was made by, for its row.
        weighing: How siblings are valued; None where none are shown.
        scan: Gates and weights of its scanner; None where it has none.
        trades: Pairs that a state is about, which must be looked at whatever their rank.
        claims: Coins that it did not buy and may sell.
        eager: Its state is written whenever it changes, and its exits pass while it is warming.
        fair: What a View's pair is worth in fine units, by the state after it.
        horizon_seconds: After an execution its adverse selection is measured.
        unmet: Why it must be off in this run; None where it need not.
        forbidden: Why it may not be live in this run; None where it may.
        most: What an order may be worth, in quote; None where nobody says so.
    """

    engine: Engine
    mode: str = "off"
    pairs: tuple[str, ...] = ()
    code: str = ""
    params: str = ""
    weighing: Weighing | None = None
    scan: ScanParams | None = None
    trades: Callable[[Any], tuple[str, ...]] = lambda _: ()
    claims: tuple[tuple[str, Decimal], ...] = ()
    eager: bool = False
    fair: Callable[[Any, View], int | None] = mid_of
    horizon_seconds: float = 30
    unmet: str | None = None
    forbidden: str | None = None
    most: Decimal | None = None

    @property
    def name(self) -> str:
        """The strategy's name, as its orders carry it."""
        return self.engine.name
