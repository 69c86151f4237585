"""Parameters of the Edge Factory, each with its unit in its name, its default and its range.

A value out of range is a ConfigError: the desk does not start.
"""

import math
from decimal import Decimal
from typing import Any, Final, NamedTuple

import attrs

from zoe.domain.errors import ConfigError

#: The first tier, where nobody knows the account's.
FIRST_TIER_MAKER_BPS: Final = 25


def _number(default: float, low: float, high: float) -> Any:
    """A float within its range; texts, ints and Decimals are taken too."""

    def convert(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
            raise ConfigError(f"a number is needed, not {value!r}")
        try:
            return float(value)
        except ValueError:
            raise ConfigError(f"a number is needed, not {value!r}") from None

    return attrs.field(default=default, converter=convert, validator=_within(low, high))


def _whole(default: int, low: int, high: int) -> Any:
    """An int within its range."""
    return attrs.field(default=default, validator=_within(low, high))


def _within(low: float, high: float) -> Any:
    def check(_: object, field: "attrs.Attribute[Any]", value: Any) -> None:
        whole = field.type is int
        if whole and (isinstance(value, bool) or not isinstance(value, int)):
            raise ConfigError(f"{field.name} must be a whole number, not {value!r}")
        if not (math.isfinite(value) and low <= value <= high):
            raise ConfigError(f"{field.name} must be {low:g} to {high:g}, not {value}")

    return check


@attrs.frozen
class EdgeParams:
    """The ``[strategy.edge_factory]`` section.

    Attributes:
        gamma: Aversion to inventory, in 1/bps per lot.
        kappa: How far fair value goes from the mid towards the weighted mid.
        lambda_bps: How fast depth counts for less away from the touch.
        tau_bps: Error of every source of fair value, beside its spread and age.
        a0_bps: Adverse selection before any fill of our own.
        n0_fills: So many fills that prior weighs.
        t_a_seconds: How long after a fill its adverse selection is measured.
        e_min_bps: The least edge after costs.
        h_max_bps: Quotes that would have to stand further off are not made.
        inside_ticks: So much better than the best order of others a quote may be.
        band: A quote moves when it is off by more than this share of its own edge.
        min_life_seconds: So long a quote is left alone while it has an edge.
        lot_quote_usd: The largest lot.
        q_max_lots: The largest inventory.
        q_target_lots: The inventory that it likes best.
        risk_quote_usd: What one standard deviation over ``t_hold_seconds`` may cost a lot.
        t_hold_seconds: How long inventory is expected to be held.
        participation: Share of the depth within reach, and of five minutes' volume.
        max_age_ms: Of the book, and of each source of fair value.
        burst: Fast over slow volatility above which it stands aside.
        jump: A move within a second, in slow volatilities, after which it stands aside.
        loss_pair_usd: A day's loss in a pair that ends it for the day.
        loss_strategy_percent: A day's loss in all pairs, in per cent of the equity.
    """

    gamma: float = _number(0.002, 1e-4, 0.05)
    kappa: float = _number(0.5, 0, 1)
    lambda_bps: float = _number(10, 2, 50)
    tau_bps: float = _number(3, 0, 30)
    half_life_fast_seconds: float = _number(30, 5, 300)
    half_life_slow_seconds: float = _number(900, 120, 7_200)
    sigma_floor_bps: float = _number(0.05, 0.001, 10)
    a0_bps: float = _number(5, 0, 50)
    n0_fills: int = _whole(50, 1, 500)
    t_a_seconds: float = _number(30, 1, 300)
    e_min_bps: float = _number(2, 0, 50)
    h_max_bps: float = _number(250, 30, 1_000)
    inside_ticks: int = _whole(1, 0, 3)
    band: float = _number(0.35, 0.05, 1)
    min_life_seconds: float = _number(4, 1, 60)
    lot_quote_usd: float = _number(50, 5, 5_000)
    q_max_lots: float = _number(4, 1, 20)
    q_target_lots: float = _number(0, 0, 20)
    risk_quote_usd: float = _number(1, 0.1, 100)
    t_hold_seconds: float = _number(900, 60, 14_400)
    participation: float = _number(0.1, 0.01, 0.25)
    max_age_ms: int = _whole(1_500, 200, 10_000)
    burst: float = _number(3, 1.5, 10)
    jump: float = _number(4, 2, 10)
    loss_pair_usd: float = _number(10, 0.01, 1_000_000)
    loss_strategy_percent: float = _number(1, 0.01, 100)

    def __attrs_post_init__(self) -> None:
        if self.q_target_lots > self.q_max_lots:
            raise ConfigError(
                f"q_target_lots must be 0 to q_max_lots {self.q_max_lots:g}, "
                f"not {self.q_target_lots:g}"
            )
        if self.half_life_fast_seconds >= self.half_life_slow_seconds:
            raise ConfigError(
                f"half_life_fast_seconds must be below half_life_slow_seconds "
                f"{self.half_life_slow_seconds:g}, not {self.half_life_fast_seconds:g}"
            )


class Limits(NamedTuple):
    """Parameters as they are counted with: thousandths of a bp, of a lot, milliseconds.

    Worked out once: they are looked at with every View.
    """

    e_min: int
    half_e_min: int
    h_max: int
    room: int
    target: int
    min_life_ms: int
    half_lives: tuple[float, float]
    risk_root: float

    @classmethod
    def of(cls, params: EdgeParams) -> "Limits":
        """From parameters that are in their ranges."""
        return cls(
            e_min=math.ceil(params.e_min_bps * 1_000),
            half_e_min=round(params.e_min_bps * 500),
            h_max=int(params.h_max_bps * 1_000),
            room=round(params.q_max_lots * 1_000),
            target=round(params.q_target_lots * 1_000),
            min_life_ms=round(params.min_life_seconds * 1_000),
            half_lives=(params.half_life_fast_seconds, params.half_life_slow_seconds),
            risk_root=params.risk_quote_usd * 10_000 / math.sqrt(params.t_hold_seconds),
        )
