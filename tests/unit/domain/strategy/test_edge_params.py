"""Parameters of the Edge Factory: defaults and ranges as they were laid down, and nothing else."""

from decimal import Decimal
from typing import Any

import attrs
import pytest

from zoe.domain.errors import ConfigError
from zoe.domain.strategy.edge_params import EdgeParams, Limits

#: Default, lowest and highest value of each.
TABLE: dict[str, tuple[float, float, float]] = {
    "gamma": (0.002, 1e-4, 0.05),
    "kappa": (0.5, 0, 1),
    "lambda_bps": (10, 2, 50),
    "tau_bps": (3, 0, 30),
    "half_life_fast_seconds": (30, 5, 300),
    "half_life_slow_seconds": (900, 120, 7_200),
    "sigma_floor_bps": (0.05, 0.001, 10),
    "a0_bps": (5, 0, 50),
    "n0_fills": (50, 1, 500),
    "t_a_seconds": (30, 1, 300),
    "e_min_bps": (2, 0, 50),
    "h_max_bps": (250, 30, 1_000),
    "inside_ticks": (1, 0, 3),
    "band": (0.35, 0.05, 1),
    "min_life_seconds": (4, 1, 60),
    "lot_quote_usd": (50, 5, 5_000),
    "q_max_lots": (4, 1, 20),
    "q_target_lots": (0, 0, 4),
    "risk_quote_usd": (1, 0.1, 100),
    "t_hold_seconds": (900, 60, 14_400),
    "participation": (0.10, 0.01, 0.25),
    "max_age_ms": (1_500, 200, 10_000),
    "burst": (3, 1.5, 10),
    "jump": (4, 2, 10),
    "loss_pair_usd": (10, 0.01, 1_000_000),
    "loss_strategy_percent": (1, 0.01, 100),
}


def test_every_parameter_is_in_the_table() -> None:
    assert list(TABLE) == [field.name for field in attrs.fields(EdgeParams)]


@pytest.mark.parametrize("name", TABLE)
def test_a_parameter_has_its_default_and_its_range(name: str) -> None:
    default, low, high = TABLE[name]
    assert getattr(EdgeParams(), name) == default
    whole = isinstance(default, int) and name in ("n0_fills", "inside_ticks", "max_age_ms")
    step = 1 if whole else abs(high) * 1e-6
    for value in (low, high):
        assert getattr(EdgeParams(**_with(name, value)), name) == value
    for value in (low - step, high + step):
        with pytest.raises(ConfigError, match=name):
            EdgeParams(**_with(name, value))


def _with(name: str, value: float) -> dict[str, Any]:
    others: dict[str, Any] = {}
    if name == "half_life_fast_seconds":
        others["half_life_slow_seconds"] = 7_200
    if name == "q_max_lots":
        others["q_target_lots"] = 0
    return {name: value, **others}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "many", None, True])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError):
        EdgeParams(gamma=value)


@pytest.mark.parametrize("value", [1.5, "50", True])
def test_a_whole_number_is_nothing_else(value: Any) -> None:
    with pytest.raises(ConfigError):
        EdgeParams(n0_fills=value)


def test_decimals_of_a_configuration_are_taken_as_they_are() -> None:
    given: dict[str, Any] = {"kappa": Decimal("0.25")}
    assert EdgeParams(**given).kappa == 0.25


def test_half_lives_and_targets_must_fit_together() -> None:
    with pytest.raises(ConfigError, match="half_life_fast_seconds"):
        EdgeParams(half_life_fast_seconds=300, half_life_slow_seconds=300)
    with pytest.raises(ConfigError, match="q_target_lots"):
        EdgeParams(q_max_lots=2, q_target_lots=3)


def test_what_is_counted_with_is_in_thousandths() -> None:
    limits = Limits.of(EdgeParams())
    assert (limits.e_min, limits.half_e_min, limits.h_max) == (2_000, 1_000, 250_000)
    assert (limits.room, limits.target, limits.min_life_ms) == (4_000, 0, 4_000)
