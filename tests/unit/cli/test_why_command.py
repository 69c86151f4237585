"""What ``zoe why`` makes of words that are no id."""

import pytest

from zoe.cli import grammar, why_command
from zoe.cli.why_command import why
from zoe.domain.errors import ConfigError


@pytest.mark.parametrize("nothing", ["", "  "])
def test_no_id_is_a_slip_and_not_what_has_an_empty_one(nothing: str) -> None:
    with pytest.raises(ConfigError, match="an id is needed"):
        why(grammar.build().parse_args(["why", nothing]))


def test_a_decision_is_told_with_its_wants_and_its_reasons() -> None:
    want = {"slot": "bid", "side": "buy", "quantity": "1", "price": "9", "reason": "mid"}
    decided = {"strategy": "keeper", "wants": [want], "reasons": ["QUOTING", "STALE"]}
    told = why_command._told_decision(decided)
    assert told == "keeper wants bid buy 1 at 9 (mid); QUOTING, STALE"
    assert why_command._told_decision({"strategy": "keeper"}) == "keeper wants nothing"


def test_a_moment_of_a_row_is_told_as_one_and_a_while_stays_a_number() -> None:
    body = {"state": "FILLED", "exchange_ns": 1795793446626964000, "waited_ns": 5, "reason": None}
    body |= {"params": {"side": "buy", "notional": None}}
    told = why_command._told_fields(body).split(", ")
    at = "2026-11-27T15:30:46.626964000Z"
    assert told == ["state FILLED", f"exchange {at}", "waited_ns 5", "params side buy"]
