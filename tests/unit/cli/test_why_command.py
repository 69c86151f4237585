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
