"""CryptoTrader's parameters and its state: refused or bounded, never guessed."""

from decimal import Decimal
from typing import Any

import pytest

from zoe.domain.strategy.record import StateRefused, read_state, text
from zoe.domain.strategy.trader_params import Params, stop_conflict
from zoe.domain.strategy.trader_state import State


def test_a_state_of_another_schema_is_refused() -> None:
    stored = text(State()).replace('"schema":1', '"schema":0')
    with pytest.raises(StateRefused, match="schema 0"):
        read_state(State, stored)


def test_a_state_remembers_old_signals_by_their_last_when_there_are_many() -> None:
    state = State()
    for n in range(1, 251):
        state = state.with_opened(f"P{n}/USD", "momentum", n)
    assert len(state.opened) == 100
    assert all(state.was_opened(f"P{n}/USD", "momentum", n) for n in range(1, 251))
    assert not state.was_opened("P1/USD", "momentum", 251)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("risk_bps", Decimal(4)),
        ("risk_bps", Decimal(101)),
        ("stop_atr", Decimal("0.9")),
        ("trail_atr", Decimal(7)),
        ("max_positions", 0),
        ("max_positions", 21),
        ("momentum", Decimal("0.7")),
        ("momentum", Decimal("NaN")),
        ("stops", "nobody"),
    ],
)
def test_a_parameter_out_of_its_range_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be"):
        Params(**{name: value})


@pytest.mark.parametrize(("name", "value"), [("risk_bps", 25), ("max_positions", Decimal(6))])
def test_a_parameter_of_another_type_is_refused(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=name):
        Params(**{name: value})


def test_resting_stops_and_the_dead_mans_switch_exclude_each_other() -> None:
    assert stop_conflict(Params(), dead_man=True) is None
    refused = stop_conflict(Params(stops="exchange"), dead_man=True)
    assert refused is not None and "dead-man" in refused and "\n" not in refused
    assert stop_conflict(Params(stops="exchange"), dead_man=False) is None
