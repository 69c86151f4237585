"""What ``zoe strategy`` prints, and what ``zoe replay`` must be told."""

from typing import Any

import pytest

from zoe.cli import grammar, replay_command, strategy_commands
from zoe.domain.errors import ConfigError

REPORT: dict[str, Any] = {
    "name": "edge_factory",
    "mode": "live",
    "why": "try it",
    "configured": "shadow",
    "forbidden": None,
    "pairs": 1,
    "wakes": 9,
    "decisions": 2,
    "wants": 1,
    "reasons": {"WARMING": 5, "QUOTING": 4},
    "equity_usd": "1000",
    "day_usd": "-0.5",
    "sleeve": [],
    "scan": {"gates": {"SPREAD": 7}, "best": [{"pair": "X/USD", "score": 12}], "breadth": 0.4},
    "details": [
        {
            "pair": "X/USD",
            "focus_seconds": 30,
            "focus_needed": 600,
            "bars": 300,
            "bars_needed": 300,
            "reasons": ["WARMING", "QUOTING"],
            "counts": {},
            "wants": [
                {"slot": "bid.0", "side": "buy", "price": "9", "quantity": "2", "reason": ""}
            ],
            "working": [
                {
                    "slot": "bid.0",
                    "side": "buy",
                    "price": "8",
                    "remaining": "1",
                    "stage": "resting",
                    "age_ms": 5,
                }
            ],
            "held": "3",
            "day_usd": "-0.5",
        }
    ],
}


def test_a_strategy_is_shown_with_its_warm_up_clock_its_gates_and_wants_against_working(
    capsys: pytest.CaptureFixture[str],
) -> None:
    strategy_commands._show(REPORT)
    told = capsys.readouterr().out
    assert "live (try it; configured shadow)" in told
    assert "WARMING 5, QUOTING 4" in told
    strategy_commands._show(REPORT | {"why": "configured", "configured": "live"})
    assert "live (as configured)" in capsys.readouterr().out
    assert "SPREAD 7" in told
    assert "X/USD=12" in told
    assert "30/600 s" in told
    assert "bid.0 2@9" in told
    assert "bid.0 1@8 resting" in told


def test_a_strategy_of_one_pair_is_shown_without_what_it_has_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pair = {"pair": "X/USD", "held": "3", "reasons": ["QUOTING"], "wants": []}
    brief = {"name": "q", "mode": "live", "why": "it runs", "configured": "sandbox"}
    strategy_commands._show(brief | {"decisions": 2, "reasons": {"QUOTING": 2}, "details": [pair]})
    told = capsys.readouterr().out
    assert "live (it runs; configured sandbox)" in told
    assert "None" not in told and "warm" not in told


@pytest.mark.parametrize("words", [("replay",), ("replay", "f", "--decision", "s@1")])
def test_a_replay_is_of_a_file_or_of_a_decision(words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="replay: give a FILE"):
        replay_command.replay(grammar.parse(words))


def test_the_names_that_the_grammar_knows_are_those_of_the_strategies() -> None:
    from zoe.app import engines
    from zoe.app.settings import load
    from zoe.cli.strategy_grammar import NAMES

    of_many_pairs = [config.name for config in engines.engines(load(None, {}, {}), None)]
    assert (*of_many_pairs, "quote_keeper") == NAMES
